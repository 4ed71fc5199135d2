// The page Tasks: what a scanner types always finds its field, and the list follows what becomes of tasks.

import { writeTimes } from "/static/common.js";
import { _ } from "/static/words.js";

const GATHER_MS = 300; // a plan's moves come by the hundred
const STALE_MS = 6000; // the server beats every second
const site = document.body.dataset.site;
const mine = document.getElementById("mine");
const state = document.getElementById("state");
const field = document.querySelector(".hand input[autofocus], .hand textarea[autofocus]");

// A scanner types wherever the focus is: a key that nothing else waits for goes to the field.
document.addEventListener("keydown", (event) => {
  const isFree = !event.target.closest("input, select, textarea, button, a, summary, label");
  if (field && isFree && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) field.focus();
});

function show(kind, text) {
  if (state.dataset.state === kind) return;
  state.dataset.state = kind;
  state.textContent = text;
}

let due = null;
async function refresh() {
  due = null;
  const answer = await fetch(`/tasks/now?site=${encodeURIComponent(site)}`).catch(() => null);
  if (!answer?.ok || mine.contains(document.activeElement)) return;
  mine.innerHTML = await answer.text(); // our own template, escaped there
  writeTimes(mine);
}

function follow() {
  let beatAt = Date.now();
  const source = new EventSource(`/api/v1/stream/floor?site=${encodeURIComponent(site)}`);
  const heard = () => {
    beatAt = Date.now();
    show("live", _("live"));
  };
  for (const name of ["floor_task", "gap"]) {
    source.addEventListener(name, () => {
      heard();
      due ??= setTimeout(refresh, GATHER_MS);
    });
  }
  source.addEventListener("beat", heard);
  setInterval(() => Date.now() - beatAt > STALE_MS && show("stale", _("no news")), 1000);
}

if (mine && site) follow();
