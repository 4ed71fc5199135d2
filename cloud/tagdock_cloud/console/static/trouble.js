// Every page: say in plain words that what it shows is old, that a login has ended, and that all is well again. What a
// person typed stays where it is: nothing is loaded anew under their hands.

import { clockText } from "/static/common.js";
import { _ } from "/static/words.js";

const LOOK_MS = 5000;
const PATIENCE_MS = 6000;

let trouble = ""; // "", "database", "nobody" or "login"
let wellAt = new Date();

function banner() {
  let place = document.getElementById("trouble");
  if (!place) {
    place = document.createElement("div");
    place.id = "trouble";
    place.setAttribute("role", "alert");
    document.querySelector("header.top").after(place);
  }
  return place;
}

function words(kind) {
  const since = clockText(wellAt);
  if (kind === "login") return _("Your login has ended. What you did last was not done.");
  if (kind === "database") return _("The database does not answer. What you see is of") + ` ${since}. ` + _("This page goes on by itself as soon as it does.");
  return _("Nothing answers: the server is stopped, or the network is cut. What you see is of") + ` ${since}. ` + _("This page goes on by itself as soon as it does.");
}

export function tell(kind) {
  if (trouble === kind || (trouble === "login" && kind)) return;
  const before = trouble;
  trouble = kind;
  document.body.dataset.trouble = kind;
  if (!kind) {
    document.getElementById("trouble")?.remove();
    if (before && before !== "login") document.dispatchEvent(new CustomEvent("tagdock:back"));
    return;
  }
  banner().textContent = words(kind);
  if (kind !== "login") return;
  const link = document.createElement("a");
  link.href = `/login?to=${encodeURIComponent(location.pathname + location.search)}`;
  link.textContent = _("Log in again");
  banner().append(" ", link);
}

// Fetch, and tell what is wrong where that fails. Answers the response, or null where nothing answered.
export async function ask(path, options = {}) {
  try {
    const answer = await fetch(path, { signal: AbortSignal.timeout(PATIENCE_MS), ...options });
    if (answer.status === 401) tell("login");
    else if (answer.status === 503) tell("database");
    else if (trouble !== "login") wellAgain();
    return answer;
  } catch {
    tell("nobody");
    return null;
  }
}

function wellAgain() {
  wellAt = new Date();
  tell("");
}

async function look() {
  if (!document.hidden) {
    try {
      const answer = await fetch("/readyz", { signal: AbortSignal.timeout(PATIENCE_MS), cache: "no-store" });
      if (answer.ok) {
        if (trouble !== "login") wellAgain();
        if (document.querySelector("[data-retry]")) return location.reload();
      } else if (answer.status === 503) tell("database");
    } catch {
      tell("nobody");
    }
  }
  setTimeout(look, LOOK_MS);
}

if (!document.querySelector("[data-retry]")) setTimeout(look, LOOK_MS);
else setTimeout(look, 1000);
