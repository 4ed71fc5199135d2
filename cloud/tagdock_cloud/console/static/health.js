// The page Health: looked at anew every five seconds while somebody looks; what does not answer is said. Buttons do what
// the interface does, and show what came of it.

import { clockText, writeTimes } from "/static/common.js";
import { told } from "/static/told.js";
import { ask } from "/static/trouble.js";
import { _ } from "/static/words.js";

const REFRESH_MS = 5000;

const state = document.getElementById("state");
let seenAt = new Date();
let isBusy = false;

async function refresh() {
  if (document.hidden || isBusy) return;
  const answer = await ask(location.href, { headers: { Accept: "text/html" } });
  const fresh = answer?.ok && !answer.redirected ? new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("facts") : null;
  if (isBusy) return;
  document.body.classList.toggle("stale", !fresh);
  state.dataset.state = fresh ? "live" : "stale";
  state.textContent = fresh ? _("live") : _("stale since %(time)s", { time: clockText(seenAt) });
  if (!fresh) return;
  seenAt = new Date();
  const opened = new Map([...document.querySelectorAll("[data-kept]")].map((one) => [one.dataset.kept, one.open]));
  const focused = document.activeElement?.dataset?.paths;
  writeTimes(fresh);
  document.getElementById("facts").replaceWith(document.adoptNode(fresh));
  for (const one of document.querySelectorAll("[data-kept]")) one.open = opened.get(one.dataset.kept) ?? one.open;
  if (focused) document.querySelector(`[data-paths='${CSS.escape(focused)}']`)?.focus();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-does]");
  if (!button || isBusy) return;
  isBusy = button.disabled = true;
  let said = "";
  for (const path of JSON.parse(button.dataset.paths)) {
    const answer = await ask(path, { method: button.dataset.does });
    if (answer?.ok) continue;
    said = answer ? await told((await answer.json()).detail) : _("Nothing answers; try again.");
    break;
  }
  isBusy = false;
  if (said) button.replaceWith(Object.assign(document.createElement("span"), { className: "mistake", textContent: said }));
  else refresh();
});
document.addEventListener("tagdock:back", refresh);
setInterval(refresh, REFRESH_MS);
