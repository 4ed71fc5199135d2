// The page Health: fetch it anew every ten seconds while somebody looks; what does not answer is said.

const REFRESH_MS = 10000;

setInterval(async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { signal: AbortSignal.timeout(5000) });
    if (answer.ok) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      document.querySelector("main").replaceWith(fresh.querySelector("main"));
      return;
    }
  } catch {
    // said below
  }
  document.querySelector("h1").textContent = "Health (this page is old: nothing answers)";
}, REFRESH_MS);
