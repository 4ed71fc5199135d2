// The page of one plan: while the solver is at work, look every two seconds whether it is done.

const waiting = document.querySelector("[data-plan]");

async function look() {
  try {
    const answer = await fetch(`/api/v1/plans/${waiting.dataset.plan}`, { signal: AbortSignal.timeout(5000) });
    if (answer.ok && (await answer.json()).state !== waiting.dataset.planState) return location.reload();
  } catch {
    // try again
  }
  setTimeout(look, 2000);
}

if (waiting) setTimeout(look, 2000);
