// What every page does: write times as people say them, and send a form when a choice changes.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false });

export function ago(at, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  if (seconds < 2) return "now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return day.format(at);
}

export function clockText(at) {
  return clock.format(at);
}

function writeTimes() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time[data-ago]")) {
    if (time.dateTime) time.textContent = ago(Date.parse(time.dateTime), now);
  }
}

for (const time of document.querySelectorAll("time[data-clock]")) {
  const at = Date.parse(time.dateTime);
  time.textContent = Date.now() - at < 43200000 ? clock.format(at) : day.format(at);
}
for (const time of document.querySelectorAll("time[data-date]")) time.textContent = day.format(Date.parse(time.dateTime));
writeTimes();
setInterval(writeTimes, 1000);

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});

const retry = document.querySelector("[data-retry]");
if (retry) setTimeout(() => location.reload(), Number(retry.dataset.retry) * 1000);
for (const button of document.querySelectorAll("[data-prints]")) button.addEventListener("click", () => print());
