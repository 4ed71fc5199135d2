// The page Layout: a click or Enter on a bin shows what is in it beside the floor; arrow keys go from bin to bin.

const floor = document.getElementById("floor");
const panel = document.getElementById("panel");
const site = document.body.dataset.site;

if (floor) {
  const bins = new Map();
  for (const link of floor.querySelectorAll("a[data-bin]")) {
    const box = link.firstElementChild;
    const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(box.getAttribute(name)));
    bins.set(link.dataset.bin, { link, x: x + width / 2, y: y + height / 2 });
  }
  let chosen = null;
  let asked = 0;

  const choose = (name) => {
    if (!bins.has(name)) return;
    if (chosen) bins.get(chosen).link.removeAttribute("aria-current");
    chosen = name;
    bins.get(name).link.setAttribute("aria-current", "true");
  };

  const open = async (name) => {
    choose(name);
    const mine = ++asked;
    history.replaceState(null, "", `#bin=${encodeURIComponent(name)}`);
    try {
      const path = `/find/bin?q=${encodeURIComponent(name)}&site=${encodeURIComponent(site)}`;
      const answer = await fetch(path, { signal: AbortSignal.timeout(8000) });
      const text = await answer.text();
      if (mine === asked) panel.innerHTML = text;
    } catch {
      if (mine === asked) panel.textContent = `What is in ${name} cannot be read just now: nothing answers.`;
    }
  };

  const step = (dx, dy) => {
    const from = bins.get(chosen) ?? [...bins.values()][0];
    let best = null;
    for (const [name, to] of bins) {
      const along = (to.x - from.x) * dx + (to.y - from.y) * dy;
      const aside = Math.abs((to.x - from.x) * dy) + Math.abs((to.y - from.y) * dx);
      if (along > 0.01 && (best === null || along + 3 * aside < best.cost)) best = { name, cost: along + 3 * aside };
    }
    choose(best ? best.name : (chosen ?? bins.keys().next().value));
  };

  floor.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-bin]");
    if (!link || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    open(link.dataset.bin);
  });
  floor.addEventListener("keydown", (event) => {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (ways[event.key]) step(...ways[event.key]);
    else if (event.key === "Enter" && chosen) open(chosen);
    else return;
    event.preventDefault();
  });
  const named = decodeURIComponent(location.hash.replace(/^#bin=/, ""));
  if (location.hash.startsWith("#bin=") && bins.has(named)) open(named);
}
