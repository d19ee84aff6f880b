// Curves and matrices, by plotly, in the colours of the page.

// The colours of Okabe and Ito that show on light and on dark ground.
const ON_LIGHT = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#777777"];
const ON_DARK = ["#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00", "#b0b0b0"];
const isDark = matchMedia("(prefers-color-scheme: dark)");
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];
const OPTIONS = { responsive: true, displaylogo: false, modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]] };

function colourOf(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function layout(more) {
  const [ink, line] = [colourOf("ink"), colourOf("line")];
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true };
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: ink, size: 13 },
    margin: { l: 65, r: 15, t: 35, b: 60 },
    hoverlabel: { bgcolor: colourOf("card"), bordercolor: line, font: { color: ink } },
    modebar: { color: colourOf("soft"), activecolor: colourOf("accent"), bgcolor: "rgba(0,0,0,0)" },
    ...more, xaxis: { ...axis, ...more.xaxis }, yaxis: { ...axis, ...more.yaxis },
  };
}

function axisTitle(text) {
  return { text, standoff: 8, font: { size: 13 } };
}

function lookOfCurve(model, number) {
  const colours = isDark.matches ? ON_DARK : ON_LIGHT;
  return { color: colours[model % colours.length], dash: DASHES[number % DASHES.length], width: 2 };
}

// Draws or redraws a chart at the size that its place has now.
function chart(place, traces, shape) {
  Plotly.react(place, traces, shape, OPTIONS);
  Plotly.Plots.resize(place);
}

function drawCurves() {
  const tag = byId("curve-tag").value;
  const words = byId("curve-filter").value;
  const section = byId("curve-data").value;
  const models = [...new Set(report.runs.map((run) => run.model))];
  const seen = new Map();
  const traces = [];
  for (const run of report.runs) {
    const number = seen.get(run.model) ?? 0;
    seen.set(run.model, number + 1);
    const fits = holdsWords(`${run.name} ${run.model}`, words) && (section === "" || run.section === Number(section));
    if (!run.curves[tag] || !fits) continue;
    const [x, y] = run.curves[tag];
    traces.push({
      x, y, name: plain(run.name), mode: x.length < 12 ? "lines+markers" : "lines",
      line: models.length > 1 ? lookOfCurve(models.indexOf(run.model), number)
        : lookOfCurve(number, Math.floor(number / ON_LIGHT.length)),
      hovertemplate: `${plain(run.name)}<br>step %{x:,}: %{y:.5g}<extra></extra>`,
    });
  }
  const isNarrow = window.innerWidth < 700;
  chart("curve-chart", traces, layout({
    showlegend: true,
    xaxis: { title: axisTitle("step") },
    yaxis: { title: axisTitle(plain(tag)), type: byId("curve-log").checked ? "log" : "linear" },
    legend: isNarrow ? { orientation: "h", y: -0.2, font: { size: 11 } } : { font: { size: 12 } },
  }));
}

function prepareCurves() {
  const tags = [...new Set(report.runs.flatMap((run) => Object.keys(run.curves)))].sort();
  byId("curve-tag").append(...tags.map((tag) => option(tag, tag)));
  const first = ["loss/val", "loss/train"].find((tag) => tags.includes(tag));
  if (first) byId("curve-tag").value = first;
  byId("curve-data").append(option("", "all"), ...report.sections.map((name, place) => option(place, name)));
  byId("curve-data").parentElement.hidden = report.sections.length < 2;
  for (const id of ["curve-tag", "curve-data", "curve-filter", "curve-log"]) {
    byId(id).addEventListener("input", drawCurves);
  }
}

function drawRunCurves(view, run) {
  const place = view.querySelector(".run-curves");
  if (!place) return;
  const traces = Object.entries(run.curves).map(([tag, [x, y]], number) => ({
    x, y, name: plain(tag), mode: x.length < 12 ? "lines+markers" : "lines", line: lookOfCurve(number, 0),
    visible: tag.startsWith("loss/") || tag.startsWith("rec-loss/") ? true : "legendonly",
    hovertemplate: `${plain(tag)}<br>step %{x:,}: %{y:.5g}<extra></extra>`,
  }));
  chart(place, traces, layout({
    showlegend: true, xaxis: { title: axisTitle("step") },
    legend: { orientation: "h", y: -0.22, font: { size: 11 } },
  }));
}

function drawMatrix(place, rows, columns, values, title, hover) {
  const names = (all) => all.map((name) => plain(name));
  chart(place, [{
    type: "heatmap", z: values, colorscale: "Viridis", xgap: 1, ygap: 1, zmin: 0,
    text: rows.map((row) => columns.map((column) => plain(hover(row, column)))),
    hovertemplate: "%{text}: %{z:.3g}<extra></extra>", colorbar: { thickness: 12, outlinewidth: 0 },
  }], layout({
    title: { text: plain(title), font: { size: 14 }, x: 0, xanchor: "left", xref: "paper" },
    margin: { l: 55, r: 10, t: 45, b: 60 },
    xaxis: {
      title: axisTitle("responding latent"), tickvals: columns.map((_, place) => place), ticktext: names(columns),
      showgrid: false, constrain: "domain",
    },
    yaxis: {
      tickvals: rows.map((_, place) => place), ticktext: names(rows), autorange: "reversed", showgrid: false,
      constrain: "domain",
    },
  }));
}

function drawMatrices(view, run) {
  const place = view.querySelector(".matrix");
  if (place) {
    drawMatrix(place, run.latents, run.latents, run.matrix, "Response to a moved latent (standard deviations)",
      (row, column) => `latent ${row} moved, latent ${column} responds`);
  }
  const other = view.querySelector(".factor-matrix");
  if (other) {
    drawMatrix(other, report.factors[run.section], run.latents, run.factorMatrix,
      "Change along a factor (standard deviations)", (row, column) => `factor ${row}, latent ${column}`);
  }
}
