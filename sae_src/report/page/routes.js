// One view at a time, by the part of the address after #.

const views = [...document.querySelectorAll(".view")];

function draw(name) {
  const view = views.find((one) => one.dataset.view === name);
  if (name === "curves") drawCurves();
  if (view.dataset.run !== undefined) {
    const run = report.runs[Number(view.dataset.run)];
    drawRunCurves(view, run);
    drawMatrices(view, run);
  }
}

let shown = null;

function show() {
  const wanted = location.hash.slice(1) || "table";
  if (wanted === "content") return; // the link that skips the header
  const explored = /^explorer-(\d+)$/.exec(wanted);
  const asked = explored ? "explorer" : wanted;
  const name = views.some((view) => view.dataset.view === asked) ? asked : "table";
  for (const view of views) view.hidden = view.dataset.view !== name;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  byId("jump").value = name.startsWith("run-") ? name.slice(4) : "";
  if (name === "explorer") showExplorer(explored ? Number(explored[1]) : null);
  draw(name);
  if (shown !== null && shown !== wanted) {
    window.scrollTo(0, 0);
    byId(`title-${name}`).focus({ preventScroll: true });
  }
  shown = wanted;
  document.title = `${byId(`title-${name}`).textContent} – report`;
}

prepareTables();
prepareCurves();
prepareExplorer();
byId("jump").addEventListener("change", (event) => {
  if (event.target.value !== "") location.hash = `run-${event.target.value}`;
});
window.addEventListener("hashchange", show);
isDark.addEventListener("change", () => {
  draw(views.find((view) => !view.hidden).dataset.view);
});
show();
