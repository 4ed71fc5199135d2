// Gateways that are cut off or late are told on this page as soon as the cloud knows: looked at anew every five seconds.

import { writeTimes } from "/static/common.js";
import { ask } from "/static/trouble.js";

const EVERY_MS = 5000;

async function look() {
  const list = document.getElementById("silent");
  if (!list || document.hidden) return;
  const answer = await ask(`/health/silent?site=${encodeURIComponent(document.body.dataset.site)}`);
  if (!answer?.ok) return; // said by trouble.js
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("silent");
  if (!fresh) return;
  writeTimes(fresh);
  list.replaceWith(document.adoptNode(fresh));
}

if (!document.querySelector("#silent p")) look();
setInterval(look, EVERY_MS);
