// Deciding a passage with one click or key: the form is sent without leaving the page, the answer is written where the
// buttons were, and the next passage has the focus. Who decided wrongly chooses again: the later decision counts.

import { told } from "/static/told.js";
import { _ } from "/static/words.js";

const PATIENCE_MS = 8000;
const MOST_DECIDED = 3; // stay on the page, so that a slip can be mended
const said = { in: _("Decided: it came in."), out: _("Decided: it went out."), pass: _("Decided: it passed by."), none: _("Decided: it was not there.") };

async function send(form, direction) {
  const values = new URLSearchParams(new FormData(form));
  values.set("direction", direction);
  const headers = { Accept: "application/json" };
  // The answer to a decision leads back to the page, which is here already.
  const answer = await fetch(form.action, { method: "POST", body: values, headers, redirect: "manual", signal: AbortSignal.timeout(PATIENCE_MS) });
  if (answer.type === "opaqueredirect" || answer.ok) return "";
  if (answer.status === 401) return _("Your login has ended. Log in again; nothing was decided.");
  const problem = await answer.json().catch(() => ({}));
  return (await told(problem.detail)) ?? _("This could not be decided (%(status)s).", { status: answer.status });
}

function complain(form, text) {
  const place = form.querySelector(".mistake");
  place.textContent = text;
  place.hidden = !text;
}

function close(passage, form, direction) {
  for (const button of form.querySelectorAll(".verdict")) button.setAttribute("aria-pressed", String(button.value === direction));
  passage.classList.add("decided");
  let line = passage.querySelector(".outcome");
  if (!line) {
    line = document.createElement("p");
    line.className = "outcome";
    line.setAttribute("role", "status");
    form.before(line);
  }
  line.textContent = `${said[direction]} ${_("Choose again to change it.")}`;
}

function goOn(passage) {
  const list = passage.parentElement;
  const decided = [...list.querySelectorAll(":scope > .decided")].filter((one) => one !== passage);
  for (const old of decided.slice(0, Math.max(0, decided.length - MOST_DECIDED + 1))) old.remove();
  const open = [...list.querySelectorAll(":scope > :not(.decided) .verdict")];
  const next = open.find((button) => passage.compareDocumentPosition(button) & Node.DOCUMENT_POSITION_FOLLOWING) ?? open[0];
  (next ?? document.getElementById("review-title")).focus();
}

export function decide(list, decided) {
  list.addEventListener("submit", async (event) => {
    const form = event.target.closest("form.decide");
    if (!form || !event.submitter) return;
    event.preventDefault();
    if (form.getAttribute("aria-busy") === "true") return;
    const direction = event.submitter.value;
    form.setAttribute("aria-busy", "true");
    let trouble;
    try {
      trouble = await send(form, direction);
    } catch {
      trouble = _("Nothing answers; nothing was decided.");
    }
    form.removeAttribute("aria-busy");
    complain(form, trouble);
    if (trouble) return;
    const passage = form.closest("[data-passage]");
    close(passage, form, direction);
    goOn(passage);
    decided();
  });
}
