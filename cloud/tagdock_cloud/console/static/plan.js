// The page of one plan: while the solver is at work, show its best so far, and the plan as soon as it is there.

const waiting = document.querySelector("[data-plan]");
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function show(selector, value, unit, digits = 0) {
  const place = document.querySelector(selector);
  if (place && Number.isFinite(value)) place.textContent = `${digits ? value.toFixed(digits) : whole.format(value)} ${unit}`;
}

async function look() {
  try {
    const answer = await fetch(`/api/v1/plans/${waiting.dataset.plan}`, { signal: AbortSignal.timeout(5000) });
    if (answer.ok) {
      const { state, progress } = await answer.json();
      if (state !== waiting.dataset.planState) return location.reload();
      show("[data-best]", progress?.objective_m_per_day, "m a day");
      show("[data-bound]", progress?.lower_bound_m_per_day, "m a day");
      show("[data-seconds]", progress?.seconds, "s", 1);
    }
  } catch {
    // try again
  }
  setTimeout(look, 1000);
}

if (waiting) setTimeout(look, 1000);
