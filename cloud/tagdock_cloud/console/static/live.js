// The page Live: movements come as server-sent events, are gathered, and change the page at most four times a second,
// so that a thousand of them a second cost no more than four.

import { ago, clockText } from "/static/common.js";

const PAINT_MS = 250;
const MOST_ROWS = 40;
const STALE_MS = 6000; // the server beats every second
const REFRESH_MS = 10000;

const site = document.body.dataset.site;
const state = document.getElementById("state");
const words = { in: "in", out: "out", pass: "passed by", uncertain: "uncertain" };
const fine = new Intl.NumberFormat("en", { useGrouping: true });
const number = (value) => fine.format(value).replaceAll(",", "\u202f");

let waiting = [];
let counted = new Map();
let beatAt = null;
let perSecond = 0;
const seen = new Set();

function show(kind, text) {
  state.dataset.state = kind;
  state.textContent = text;
  document.body.classList.toggle("stale", kind === "stale");
}

function serial(epc) {
  return epc.startsWith("urn:epc:") ? epc.slice(epc.lastIndexOf(":") + 1) : epc;
}

function findLink(text, label) {
  const link = document.createElement("a");
  link.href = `/find?q=${encodeURIComponent(text)}&site=${encodeURIComponent(site)}`;
  link.title = text;
  link.textContent = label;
  return link;
}

function cell(row, content, name) {
  const td = row.insertCell();
  if (name) td.className = name;
  td.append(content);
}

function rowOf(movement) {
  const row = document.createElement("tr");
  if (movement.direction === "uncertain") row.className = "uncertain";
  const at = new Date(movement.observed_at);
  const time = document.createElement("time");
  time.dateTime = movement.observed_at;
  time.textContent = clockText(at);
  const way = document.createElement("span");
  way.className = `way ${movement.direction}`;
  way.textContent = words[movement.direction];
  cell(row, time, "when");
  cell(row, movement.door ?? movement.bin, "where");
  cell(row, way, "whither");
  cell(row, movement.sku ? findLink(movement.sku, movement.sku) : "not known", movement.sku ? "sku" : "sku quiet");
  cell(row, findLink(movement.epc, serial(movement.epc)), "epc");
  cell(row, `${Math.round(movement.confidence * 100)}\u202f%`, "num");
  return row;
}

function count(door, name, by) {
  const field = door.querySelector(`[data-${name}]`);
  const value = (counted.get(field) ?? Number(field.textContent.replace(/\D/g, ""))) + by;
  counted.set(field, value);
  field.textContent = number(value);
  if (name === "uncertain") field.parentElement.classList.toggle("some", value > 0);
}

function paintDoor(name, movements) {
  const door = document.querySelector(`[data-door="${CSS.escape(name)}"]`);
  if (!door) return;
  for (const kind of ["in", "out", "uncertain"]) {
    const by = movements.filter((movement) => movement.direction === kind).length;
    if (by) count(door, kind, by);
  }
  const last = movements.at(-1);
  door.dataset.way = last.direction;
  door.querySelector("[data-what]").textContent = words[last.direction];
  door.querySelector("[data-sku]").textContent = last.sku ?? "SKU not known";
  door.querySelector("[data-epc]").textContent = serial(last.epc);
  door.querySelector("[data-sure]").textContent = `${Math.round(last.confidence * 100)}\u202f% sure`;
  const time = door.querySelector("[data-ago]");
  time.dateTime = last.observed_at;
  time.textContent = ago(Date.parse(last.observed_at));
}

function paint() {
  if (!waiting.length || document.hidden) {
    if (waiting.length > 5000) waiting = waiting.slice(-1000); // nobody looks: the next refresh brings the counts
    return;
  }
  const movements = waiting.sort((one, other) => (one.observed_at < other.observed_at ? -1 : 1));
  waiting = [];
  perSecond += movements.length;
  const byDoor = new Map();
  for (const movement of movements) {
    if (movement.door) byDoor.set(movement.door, [...(byDoor.get(movement.door) ?? []), movement].slice(-2000));
  }
  for (const [door, list] of byDoor) paintDoor(door, list);
  document.getElementById("none-yet")?.remove();
  const body = document.getElementById("passing");
  body.prepend(...movements.slice(-MOST_ROWS).reverse().map(rowOf));
  while (body.rows.length > MOST_ROWS) body.lastElementChild.remove();
}

async function refresh() {
  if (document.hidden) return;
  try {
    const [doors, gateways] = await Promise.all(
      [`/api/v1/sites/${site}/doors`, `/api/v1/gateways?site=${site}`].map(async (path) => {
        const answer = await fetch(path, { signal: AbortSignal.timeout(5000) });
        if (!answer.ok) throw new Error(String(answer.status));
        return (await answer.json()).items;
      }),
    );
    counted = new Map();
    let isNew = doors.length !== document.querySelectorAll("[data-door]").length;
    isNew ||= gateways.length !== document.querySelectorAll("[data-gateway]").length;
    if (isNew) return location.reload();
    for (const door of doors) {
      const card = document.querySelector(`[data-door="${CSS.escape(door.door)}"]`);
      if (!card) continue;
      for (const name of ["in", "out", "uncertain"]) {
        const field = card.querySelector(`[data-${name}]`);
        field.textContent = number(door[`${name}_today`]);
        if (name === "uncertain") field.parentElement.classList.toggle("some", door.uncertain_today > 0);
      }
    }
    for (const gateway of gateways) paintGateway(gateway);
  } catch {
    // the state line tells by itself when nothing answers
  }
}

function paintGateway(gateway) {
  const pill = document.querySelector(`[data-gateway="${CSS.escape(gateway.gateway)}"]`);
  if (!pill) return;
  pill.className = `gateway ${gateway.freshness}`;
  pill.querySelector(".word").textContent = gateway.freshness === "never" ? "never heard" : gateway.freshness;
  const time = pill.querySelector("time");
  if (time && gateway.last_seen_at) time.dateTime = gateway.last_seen_at;
}

function listen() {
  const source = new EventSource(`/api/v1/stream/movements?site=${encodeURIComponent(site)}`);
  source.addEventListener("movement", (event) => {
    const movement = JSON.parse(event.data);
    if (seen.has(movement.event_id)) return;
    seen.add(movement.event_id);
    if (seen.size > 20000) seen.clear();
    waiting.push(movement);
  });
  source.addEventListener("beat", () => {
    beatAt = Date.now();
    show("live", "live");
  });
  source.addEventListener("gap", refresh);
  source.addEventListener("error", () => {
    if (state.dataset.state !== "stale") show("reconnecting", "reconnecting");
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
  });
}

function watch() {
  const last = beatAt ?? startedAt;
  if (Date.now() - last > STALE_MS) show("stale", beatAt ? `stale since ${clockText(new Date(beatAt))}` : "stale: nothing answers");
  const pace = document.getElementById("pace");
  pace.textContent = perSecond ? `${number(perSecond)} in the last second` : "";
  perSecond = 0;
}

const startedAt = Date.now();
listen();
setInterval(paint, PAINT_MS);
setInterval(watch, 1000);
setInterval(refresh, REFRESH_MS);
document.addEventListener("visibilitychange", refresh);
