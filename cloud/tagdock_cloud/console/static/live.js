// The page Live: movements come as server-sent events, are gathered, and change the page at most four times a second and
// only when the browser is about to paint anyway, so that a thousand of them a second cost no more than four.

import { ago, clockText, writeTimes } from "/static/common.js";
import { decide } from "/static/decide.js";
import { _, number, percent } from "/static/words.js";

const PAINT_MS = 250;
const MOST_ROWS = 40;
const MOST_WAITING = 20000; // a hidden page paints nothing; what is counted meanwhile comes with the next refresh
const MOST_KNOWN = 20000;
const STALE_MS = 6000; // the server beats every second
const REFRESH_MS = 10000;
const PARTS_MS = 2000; // sessions follow what passed, no more often than that

const site = document.body.dataset.site;
const state = document.getElementById("state");
const words = { in: _("in"), out: _("out"), pass: _("passed by"), uncertain: _("uncertain") };
const freshness = { fresh: _("fresh"), late: _("late"), silent: _("silent"), offline: _("offline"), never: _("never heard") };

let waiting = [];
let counted = new Map();
let beatAt = null;
let perSecond = 0;
let isPainting = false;
let partsAt = 0;
let partsDue = false;
let known = new Set();
let knownBefore = new Set();
const shown = new Map();

function show(kind, text) {
  if (state.dataset.state === kind && state.textContent === text) return;
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
  cell(row, movement.sku ? findLink(movement.sku, movement.sku) : _("not known"), movement.sku ? "sku" : "sku quiet");
  cell(row, findLink(movement.epc, serial(movement.epc)), "epc");
  cell(row, percent(movement.confidence), "num");
  return row;
}

function count(door, name, by) {
  const field = door.querySelector(`[data-${name}]`);
  const value = (counted.get(field) ?? Number(field.textContent.replace(/\D/g, ""))) + by;
  counted.set(field, value);
  field.textContent = number(value);
  if (name === "uncertain") field.parentElement.classList.toggle("some", value > 0);
}

function paintDoor(name, { kinds, last }) {
  const door = document.querySelector(`[data-door="${CSS.escape(name)}"]`);
  if (!door) return;
  for (const kind of ["in", "out", "uncertain"]) if (kinds[kind]) count(door, kind, kinds[kind]);
  door.dataset.way = last.direction;
  door.querySelector("[data-what]").textContent = words[last.direction];
  door.querySelector("[data-sku]").textContent = last.sku ?? _("SKU not known");
  door.querySelector("[data-epc]").textContent = serial(last.epc);
  door.querySelector("[data-sure]").textContent = _("%(share)s sure", { share: percent(last.confidence) });
  const time = door.querySelector("[data-ago]");
  time.dateTime = last.observed_at;
  time.textContent = ago(Date.parse(last.observed_at));
}

function gather(movements) {
  const doors = new Map();
  for (const movement of movements) {
    if (!movement.door) continue;
    let door = doors.get(movement.door);
    if (!door) doors.set(movement.door, (door = { kinds: { in: 0, out: 0, pass: 0, uncertain: 0 }, last: movement }));
    door.kinds[movement.direction] += 1;
    if (movement.observed_at >= door.last.observed_at) door.last = movement;
  }
  return doors;
}

function paint() {
  isPainting = false;
  const movements = waiting;
  waiting = [];
  perSecond += movements.length;
  for (const [name, door] of gather(movements)) paintDoor(name, door);
  document.getElementById("none-yet")?.remove();
  const body = document.getElementById("passing");
  const newest = movements.slice(-MOST_ROWS).sort((one, other) => (one.observed_at < other.observed_at ? 1 : -1));
  while (body.rows.length > MOST_ROWS - newest.length) body.lastElementChild.remove();
  body.prepend(...newest.map(rowOf));
  partsDue = true;
}

function paintSoon() {
  if (isPainting || document.hidden) return;
  isPainting = true;
  setTimeout(() => requestAnimationFrame(paint), PAINT_MS);
}

function take(event) {
  const movement = JSON.parse(event.data);
  if (known.has(movement.event_id) || knownBefore.has(movement.event_id)) return;
  if (known.size >= MOST_KNOWN) [knownBefore, known] = [known, new Set()];
  known.add(movement.event_id);
  if (waiting.length >= MOST_WAITING) waiting.splice(0, MOST_WAITING / 2);
  waiting.push(movement);
  paintSoon();
}

async function ask(path, as = "json") {
  const answer = await fetch(path, { signal: AbortSignal.timeout(5000) });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer[as]();
}

async function refresh() {
  if (document.hidden) return;
  partsDue = true;
  try {
    const paths = [`/api/v1/sites/${encodeURIComponent(site)}/doors`, `/api/v1/gateways?site=${encodeURIComponent(site)}`];
    const [doors, gateways] = (await Promise.all(paths.map((path) => ask(path)))).map((answer) => answer.items);
    const isNew =
      doors.length !== document.querySelectorAll("[data-door]").length ||
      gateways.length !== document.querySelectorAll("[data-gateway]").length;
    if (isNew) return location.reload();
    counted = new Map();
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
  pill.querySelector(".word").textContent = freshness[gateway.freshness] ?? gateway.freshness;
  const time = pill.querySelector("time");
  if (time && gateway.last_seen_at) time.dateTime = gateway.last_seen_at;
}

// Sessions, silent doors and passages to decide come from the server as they are to be shown.
async function refreshParts() {
  if (!partsDue || document.hidden || Date.now() - partsAt < PARTS_MS) return;
  partsDue = false;
  partsAt = Date.now();
  try {
    const fresh = new DOMParser().parseFromString(await ask(`/live/now?site=${encodeURIComponent(site)}`, "text"), "text/html");
    for (const part of fresh.querySelectorAll("[data-part]")) putPart(part);
    putPassages([...fresh.querySelectorAll("[data-passage]")]);
  } catch {
    // said by the state line
  }
}

function putPart(part) {
  const html = part.outerHTML;
  const here = document.getElementById(part.id);
  if (!here || shown.get(part.id) === html || here.contains(document.activeElement)) return;
  shown.set(part.id, html);
  here.closest(".door")?.classList.toggle("cut", part.querySelector(".old") !== null);
  here.replaceWith(document.adoptNode(part));
  writeTimes(document.getElementById(part.id));
}

function putPassages(wanted) {
  const list = document.getElementById("passages");
  const names = new Set(wanted.map((passage) => passage.id));
  for (const passage of [...list.children]) {
    const isKept = names.has(passage.id) || passage.matches(".decided") || passage.contains(document.activeElement);
    if (!isKept) passage.remove();
  }
  for (const passage of wanted.reverse()) {
    if (document.getElementById(passage.id)) continue;
    const added = document.adoptNode(passage);
    list.prepend(added);
    writeTimes(added);
  }
}

function listen() {
  const source = new EventSource(`/api/v1/stream/movements?site=${encodeURIComponent(site)}`);
  source.addEventListener("movement", take);
  source.addEventListener("beat", () => {
    beatAt = Date.now();
    show("live", _("live"));
  });
  source.addEventListener("gap", refresh);
  source.addEventListener("error", () => {
    if (state.dataset.state !== "stale") show("reconnecting", _("reconnecting"));
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
  });
}

function watch() {
  const last = beatAt ?? startedAt;
  if (Date.now() - last > STALE_MS) {
    show("stale", beatAt ? _("stale since %(time)s", { time: clockText(new Date(beatAt)) }) : _("stale: nothing answers"));
  }
  document.getElementById("pace").textContent = perSecond ? _("%(count)s in the last second", { count: number(perSecond) }) : "";
  perSecond = 0;
  refreshParts();
}

const startedAt = Date.now();
listen();
decide(document.getElementById("passages"), refresh);
setInterval(watch, 1000);
setInterval(refresh, REFRESH_MS);
document.addEventListener("visibilitychange", () => {
  if (waiting.length) paintSoon();
  refresh();
});
