// Pages whose parts change by what others do: looked at anew every few seconds while somebody looks, and put in place of
// what stood there, unless somebody is at work in that part. What does not answer is said by trouble.js.

import { writeTimes } from "/static/common.js";
import { ask } from "/static/trouble.js";

const REFRESH_MS = 5000;

function isUsed(part) {
  if (part.contains(document.activeElement) || part.querySelector("details[open]")) return true;
  return [...part.querySelectorAll("input, textarea")].some((field) => field.value !== field.defaultValue);
}

async function refresh() {
  if (!document.hidden) {
    const answer = await ask(location.href, { cache: "no-store" });
    if (answer?.ok && !answer.redirected) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-refreshed]")) {
        const now = fresh.getElementById(part.id);
        if (!now || isUsed(part) || now.innerHTML === part.dataset.said) continue;
        const said = now.innerHTML;
        writeTimes(now);
        part.replaceWith(document.adoptNode(now));
        now.dataset.said = said;
      }
    }
  }
  setTimeout(refresh, REFRESH_MS);
}

setTimeout(refresh, REFRESH_MS);
