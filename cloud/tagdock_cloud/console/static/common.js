// What every page does: write times as people say them, and send a form when a choice changes.

import { _, language } from "/static/words.js";

const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const moment = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });

export function ago(at, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  if (seconds < 2) return _("now");
  if (seconds < 60) return _("%(count)s s ago", { count: seconds });
  if (seconds < 3600) return _("%(count)s min ago", { count: Math.floor(seconds / 60) });
  if (seconds < 86400) return _("%(count)s h ago", { count: Math.floor(seconds / 3600) });
  return moment.format(at);
}

export function clockText(at) {
  return clock.format(at);
}

function writeAges() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time[data-ago]")) {
    if (time.dateTime) time.textContent = ago(Date.parse(time.dateTime), now);
  }
}

// Write the times of a part of the page that is new.
export function writeTimes(part = document) {
  for (const time of part.querySelectorAll("time[data-clock]")) {
    const at = Date.parse(time.dateTime);
    time.textContent = Date.now() - at < 43200000 ? clock.format(at) : moment.format(at);
  }
  for (const time of part.querySelectorAll("time[data-date]")) time.textContent = moment.format(Date.parse(time.dateTime));
  for (const time of part.querySelectorAll("time[data-day]")) time.textContent = day.format(Date.parse(time.dateTime));
  for (const time of part.querySelectorAll("time[data-ago]")) {
    if (time.dateTime) time.textContent = ago(Date.parse(time.dateTime));
  }
}

writeTimes();
setInterval(writeAges, 1000);

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});
// What was chosen before this script ran counts, too. (These fields say autocomplete="off": going back is no choice.)
for (const choice of document.querySelectorAll("select[data-submits]")) {
  const written = [...choice.options].findIndex((option) => option.defaultSelected);
  if (choice.selectedIndex !== Math.max(written, 0)) choice.form.requestSubmit();
}

for (const button of document.querySelectorAll("[data-prints]")) button.addEventListener("click", () => print());

// Where the pages do not fit beside each other, the one that is shown stands in the middle of them.
const pages = document.querySelector(".top nav");
const shown = pages?.querySelector("[aria-current]");
if (shown) pages.scrollLeft = shown.offsetLeft - pages.offsetLeft - (pages.clientWidth - shown.offsetWidth) / 2;
