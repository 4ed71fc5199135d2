// The page Layout: a click or Enter on a bin shows what is in it beside the floor; arrow keys go from bin to bin; wheel with
// Ctrl, two fingers, or the buttons zoom. The floor's shapes are one path a colour, so where a bin lies is looked up here.

import { writeTimes } from "/static/common.js";
import { _ } from "/static/words.js";
import { ask } from "/static/trouble.js";

const NEAREST_ZOOM = 60; // times the whole floor
const TAP_PX = 14; // a finger hits what lies this near
const MOST_MARKED = 400;
const SVG = "http://www.w3.org/2000/svg";

const floor = document.getElementById("floor");
const panel = document.getElementById("panel");
const tip = document.getElementById("tip");
const said = document.getElementById("said");
const site = document.body.dataset.site;

if (floor) {
  const bins = JSON.parse(document.getElementById("bins").textContent).map(([name, x, y, width, height, skus, value]) => ({ name, x, y, width, height, skus, value }));
  const byName = new Map(bins.map((bin) => [bin.name, bin]));
  const whole = floor.getAttribute("viewBox").split(" ").map(Number);
  let view = [...whole];
  let chosen = null;
  let asked = 0;

  // ---- where a bin lies ----
  const side = Math.max(0.5, ...bins.slice(0, 200).map((bin) => Math.max(bin.width, bin.height)));
  const cells = new Map();
  for (const bin of bins) {
    const key = `${Math.floor(bin.x / side)},${Math.floor(bin.y / side)}`;
    if (!cells.has(key)) cells.set(key, []);
    cells.get(key).push(bin);
  }

  function gapTo(bin, x, y) {
    return Math.hypot(Math.max(0, Math.abs(x - bin.x) - bin.width / 2), Math.max(0, Math.abs(y - bin.y) - bin.height / 2));
  }

  function binAt(x, y, reach) {
    const around = Math.min(40, Math.ceil(reach / side) + 1);
    const [column, row] = [Math.floor(x / side), Math.floor(y / side)];
    let best = null;
    for (let dx = -around; dx <= around; dx++) {
      for (let dy = -around; dy <= around; dy++) {
        for (const bin of cells.get(`${column + dx},${row + dy}`) ?? []) {
          const gap = gapTo(bin, x, y);
          if (gap <= reach && (best === null || gap < best.gap)) best = { bin, gap };
        }
      }
    }
    return best?.bin ?? null;
  }

  function pointOf(event) {
    const matrix = floor.getScreenCTM();
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    return { x: at.x, y: at.y, metresAPixel: 1 / matrix.a };
  }

  // ---- marks above the shapes ----
  const marks = floor.appendChild(document.createElementNS(SVG, "g"));

  function frame(bin, kind) {
    const box = document.createElementNS(SVG, "rect");
    const sizes = { x: bin.x - bin.width / 2, y: bin.y - bin.height / 2, width: bin.width, height: bin.height };
    for (const [name, value] of Object.entries(sizes)) box.setAttribute(name, value);
    box.setAttribute("class", kind);
    return box;
  }

  let found = [];
  function paintMarks() {
    const boxes = found.slice(0, MOST_MARKED).map((bin) => frame(bin, "found"));
    if (chosen) boxes.push(frame(chosen, "chosen"));
    marks.replaceChildren(...boxes);
  }

  function wordsOf(bin) {
    const value = bin.value ? `; ${document.querySelector(".legend-title").textContent.trim()}: ${bin.value}` : "";
    return `${bin.name}: ${bin.skus || _("no SKU")}${value}`;
  }

  function choose(bin) {
    chosen = bin;
    paintMarks();
    said.textContent = wordsOf(bin);
    floor.dataset.chosen = bin.name;
    if (view[2] < whole[2] && !isInSight(bin)) look(bin.x, bin.y, view[2]);
  }

  async function open(bin) {
    choose(bin);
    const mine = ++asked;
    const address = new URL(location.href);
    address.hash = `bin=${encodeURIComponent(bin.name)}`;
    history.replaceState(null, "", address);
    const answer = await ask(`/layout/bin?bin=${encodeURIComponent(bin.name)}&site=${encodeURIComponent(site)}`);
    const text = answer && (answer.ok || answer.status === 404) ? await answer.text() : null;
    if (mine !== asked) return;
    if (text === null) panel.textContent = _("What is in it cannot be read just now.");
    else {
      panel.innerHTML = text; // our own template, escaped there
      writeTimes(panel);
    }
    if (innerWidth < 900) panel.scrollIntoView({ block: "nearest" });
  }

  function step(dx, dy) {
    const from = chosen ?? bins[0];
    if (!from) return;
    let best = null;
    for (const to of bins) {
      const along = (to.x - from.x) * dx + (to.y - from.y) * dy;
      if (along <= 0.01) continue;
      const aside = Math.abs((to.x - from.x) * dy) + Math.abs((to.y - from.y) * dx);
      if (best === null || along + 3 * aside < best.cost) best = { bin: to, cost: along + 3 * aside };
    }
    choose(chosen && best ? best.bin : from);
  }

  // ---- zoom and pan ----
  function isInSight(bin) {
    return bin.x > view[0] && bin.x < view[0] + view[2] && bin.y > view[1] && bin.y < view[1] + view[3];
  }

  let isPainting = false;
  function show() {
    if (isPainting) return;
    isPainting = true;
    requestAnimationFrame(() => {
      isPainting = false;
      floor.setAttribute("viewBox", view.map((value) => value.toFixed(3)).join(" "));
      floor.classList.toggle("near", view[2] < whole[2] * 0.99);
    });
  }

  function look(x, y, width) {
    const size = Math.min(whole[2], Math.max(whole[2] / NEAREST_ZOOM, width));
    const height = (size * whole[3]) / whole[2];
    const left = Math.min(whole[0] + whole[2] - size, Math.max(whole[0], x - size / 2));
    const top = Math.min(whole[1] + whole[3] - height, Math.max(whole[1], y - height / 2));
    view = [left, top, size, height];
    show();
  }

  function zoom(times, at) {
    const size = Math.min(whole[2], Math.max(whole[2] / NEAREST_ZOOM, view[2] / times));
    const share = size / view[2];
    const middle = at ?? { x: view[0] + view[2] / 2, y: view[1] + view[3] / 2 };
    look(middle.x + (view[0] + view[2] / 2 - middle.x) * share, middle.y + (view[1] + view[3] / 2 - middle.y) * share, size);
  }

  const fingers = new Map();
  let hasMoved = false;
  floor.addEventListener("pointerdown", (event) => {
    if (!fingers.size) hasMoved = false;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    tip.hidden = true;
  });
  floor.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return hover(event);
    const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, finger]) => finger);
    const at = pointOf(event);
    if (others.length === 1) {
      const [other] = others;
      const was = Math.hypot(before.x - other.x, before.y - other.y);
      const is = Math.hypot(event.clientX - other.x, event.clientY - other.y);
      const middle = pointOf({ clientX: (event.clientX + other.x) / 2, clientY: (event.clientY + other.y) / 2 });
      if (was > 10) zoom(is / was, middle);
      hasMoved = true;
    } else if (Math.hypot(event.clientX - before.x, event.clientY - before.y) > (hasMoved ? 0 : 5) && view[2] < whole[2]) {
      if (!hasMoved) floor.setPointerCapture(event.pointerId);
      hasMoved = true;
      const middle = { x: view[0] + view[2] / 2, y: view[1] + view[3] / 2 };
      look(middle.x - (event.clientX - before.x) * at.metresAPixel, middle.y - (event.clientY - before.y) * at.metresAPixel, view[2]);
    } else return;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  for (const ending of ["pointerup", "pointercancel", "pointerleave"]) {
    floor.addEventListener(ending, (event) => {
      fingers.delete(event.pointerId);
      if (ending === "pointerleave") tip.hidden = true;
    });
  }
  floor.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 300), pointOf(event));
    },
    { passive: false },
  );
  floor.addEventListener("dblclick", (event) => zoom(2, pointOf(event)));
  const buttons = document.querySelector(".zoom");
  buttons.hidden = false;
  buttons.addEventListener("click", (event) => {
    const times = event.target.closest("[data-zoom]")?.dataset.zoom;
    if (times === "0") look(0, 0, whole[2]);
    else if (times) zoom(Number(times), chosen && isInSight(chosen) ? chosen : undefined);
  });

  function hover(event) {
    if (event.pointerType !== "mouse") return;
    const at = pointOf(event);
    const bin = binAt(at.x, at.y, 2 * at.metresAPixel);
    tip.hidden = !bin;
    if (!bin) return;
    tip.textContent = wordsOf(bin);
    const map = floor.parentElement.getBoundingClientRect();
    const x = event.clientX - map.left;
    tip.style.left = `${x > map.width / 2 ? Math.max(0, x - tip.offsetWidth - 12) : x + 14}px`;
    tip.style.top = `${event.clientY - map.top + 14}px`;
  }

  // ---- what a person does ----
  floor.addEventListener("click", (event) => {
    if (hasMoved) return;
    const at = pointOf(event);
    const bin = binAt(at.x, at.y, TAP_PX * at.metresAPixel);
    if (bin) open(bin);
  });
  floor.addEventListener("keydown", (event) => {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (ways[event.key]) step(...ways[event.key]);
    else if (event.key === "Enter" && chosen) open(chosen);
    else if (event.key === "+" || event.key === "=") zoom(1.6, chosen ?? undefined);
    else if (event.key === "-") zoom(0.625, chosen ?? undefined);
    else if (event.key === "0") look(0, 0, whole[2]);
    else return;
    event.preventDefault();
  });

  document.getElementById("seek").addEventListener("submit", (event) => {
    const sought = document.getElementById("sought").value.trim().toLowerCase();
    if (!sought) return event.preventDefault();
    const names = bins.filter((bin) => bin.name.toLowerCase() === sought);
    const holds = bins.filter((bin) => bin.skus.toLowerCase().split(", ").includes(sought));
    const begins = bins.filter((bin) => bin.name.toLowerCase().startsWith(sought));
    found = [names, holds, begins].find((list) => list.length) ?? [];
    if (!found.length) return; // the page Find looks further
    event.preventDefault();
    const [first] = found;
    if (found.length === 1) look(first.x, first.y, Math.min(view[2], Math.max(30 * first.width, whole[2] / 8)));
    open(first);
    if (found.length > 1) said.textContent = _("bins found and marked") + `: ${found.length}`;
  });

  const named = decodeURIComponent(location.hash.replace(/^#bin=/, ""));
  if (location.hash.startsWith("#bin=") && byName.has(named)) open(byName.get(named));
}
