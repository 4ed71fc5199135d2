// The page that lays a floor out: each change of the form, or a chosen file, is previewed by the server; Save sends what
// was previewed to the layout's own route, with the tag of the floor that it was compared with.

import { _ } from "/static/words.js";
import { told } from "/static/told.js";
import { ask } from "/static/trouble.js";

const QUIET_MS = 350; // after the last keystroke
const LONG_MS = 30000; // a floor of 20,000 bins, on a busy machine
const WHOLE = new Set(["aisles", "bays", "levels", "sides", "doors_front", "doors_back", "cross_after", "items_at_most"]);

const site = document.body.dataset.site;
const form = document.getElementById("numbers");
const sheet = document.getElementById("sheet");
const preview = document.getElementById("preview");
const save = document.getElementById("save");
const saved = document.getElementById("saved");
let asked = 0;
let timer = 0;

function parameters() {
  const values = {};
  for (const [name, text] of new FormData(form)) {
    if (name === "keep" || text.trim() === "") continue;
    const isText = name === "zone" || name === "names";
    values[name] = isText ? text : WHOLE.has(name) ? Number.parseInt(text, 10) : Number(text);
  }
  return values;
}

function problemWords(problem) {
  return (problem.errors?.length ? problem.errors.map((error) => `${error.field}: ${error.reason}`) : [problem.detail]).join("; ");
}

function say(text) {
  preview.replaceChildren(Object.assign(document.createElement("p"), { className: "mistake", textContent: text }));
}

async function look(kind, body, type) {
  clearTimeout(timer);
  const mine = ++asked;
  save.disabled = true;
  saved.textContent = "";
  preview.setAttribute("aria-busy", "true");
  const path = `/layout/check/${kind}?site=${encodeURIComponent(site)}&keep=${form.elements.keep.checked}`;
  const headers = { "Content-Type": type };
  const answer = await ask(path, { method: "POST", body, headers, signal: AbortSignal.timeout(LONG_MS) });
  const text = answer ? await answer.text() : "";
  const mistake = answer && !answer.ok ? await told(problemWords(JSON.parse(text))) : "";
  if (mine !== asked) return;
  preview.removeAttribute("aria-busy");
  if (answer?.ok) preview.innerHTML = text; // our own template, escaped there
  else if (answer) say(mistake);
  else say(_("The preview cannot be made just now; nothing was changed. Try again."));
  save.disabled = !document.getElementById("document");
}

form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(() => look("aisles", JSON.stringify(parameters()), "application/json"), QUIET_MS);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  look("aisles", JSON.stringify(parameters()), "application/json");
});
sheet.addEventListener("change", () => {
  if (sheet.files.length) look("sheet", sheet.files[0], "text/csv");
});
document.getElementById("look").disabled = false; // pressed before, it would load the page anew and lose what was typed

save.addEventListener("click", async () => {
  const layout = document.getElementById("document");
  save.disabled = true;
  const headers = { "Content-Type": "application/json" };
  if (layout.dataset.tag) headers["If-Match"] = layout.dataset.tag;
  const options = { method: "PUT", body: layout.textContent, headers, signal: AbortSignal.timeout(LONG_MS) };
  const answer = await ask(`/api/v1/sites/${encodeURIComponent(site)}/layout`, options);
  if (answer?.ok) return location.assign(`/layout?site=${encodeURIComponent(site)}`);
  if (answer?.status === 412) saved.textContent = _("Somebody changed the layout meanwhile. Preview again to see yours against theirs; nothing was saved.");
  else if (answer) saved.textContent = `${_("Not saved:")} ${await told(problemWords(await answer.json()))}`;
  else saved.textContent = _("Not saved: nothing answers. Try again.");
  save.disabled = !answer || answer.status === 412 ? answer?.status === 412 : false;
});
