// The latent explorer: one observation, two runs side by side.

const looks = new Map();

function lookOf(id) {
  if (!looks.has(id)) looks.set(id, readJson(id));
  return looks.get(id);
}

const explorer = { section: null, observation: 0, panels: [] };

// One of the two runs: what it shows, and what of it is moved.
class Panel {
  constructor(place) {
    this.place = place;
    this.run = null;
    this.moved = null; // {kind: "latent" or "factor", axis, step}
  }

  get other() {
    return explorer.panels.find((panel) => panel !== this);
  }

  choose(run) {
    this.run = run;
    this.moved = null;
    this.build();
  }

  build() {
    const runs = explorable(explorer.section);
    const chooser = make("select", {}, option("", "none"), ...runs.map((number) => option(number, report.runs[number].name)));
    chooser.value = this.run ?? "";
    chooser.addEventListener("change", () => this.choose(chooser.value === "" ? null : Number(chooser.value)));
    const head = make("div", { class: "head" }, make("label", {}, "Run ", chooser));
    this.place.replaceChildren(head);
    if (this.run === null) return;
    head.append(make("a", { href: `#run-${this.run}` }, "its page"));
    this.look = lookOf(`look-${this.run}`);
    this.data = lookOf(`section-${explorer.section}`);
    this.place.append(this.look.kind === "images" ? this.buildImages() : this.buildVector());
    this.says = make("p", { class: "says", role: "status" });
    this.place.append(this.says, make("h3", {}, "Latents, and how they respond"), this.buildLatents());
    this.buildFactors();
    this.update();
  }

  buildImages() {
    const figure = (name, title) => {
      this[name] = make("canvas", { role: "img", "aria-label": title });
      return make("figure", { class: name }, this[name], make("figcaption", {}, title));
    };
    this.film = make("canvas", { class: "film", role: "img", "aria-label": "the moved latent at all its values" });
    this.film.addEventListener("click", (event) => this.pick(event));
    return make("div", { class: "stage" }, make("div", { class: "images" },
      figure("original", "observation"), figure("own", "reconstruction"), figure("moved_", "moved")), this.film);
  }

  buildVector() {
    this.svg = make("svg", { role: "img", "aria-label": "the observation, its reconstruction, and the moved one" });
    const key = (colour, text) => {
      const sign = make("span", { class: "key" });
      sign.style.borderColor = `var(--${colour})`;
      if (colour === "original") sign.style.borderTopStyle = "dashed";
      return [sign, text];
    };
    return make("div", { class: "stage vector" }, this.svg, make("figcaption", {},
      ...key("original", "observation"), ...key("ink", "reconstruction"), ...key("positive", "moved")));
  }

  buildLatents() {
    const order = this.look.latents.map((_, place) => place);
    const strength = (place) => this.look.matrix[place][place] ?? 0;
    if (byId("explorer-sorted").checked) order.sort((one, other) => strength(other) - strength(one));
    this.rows = [];
    return make("div", { class: "latents" }, ...order.map((axis) => {
      const name = this.look.latents[axis];
      const slider = make("input", { type: "range", min: 0, max: this.look.values[0][0].length - 1, step: 1,
        "aria-label": `latent ${name}` });
      const row = { axis, slider, value: make("output"), bar: make("i"), size: make("span", { class: "size" }) };
      row.element = make("div", { class: "axis-row" }, make("span", {}, String(name)), slider, row.value,
        make("span", { class: "response" }, row.bar), row.size);
      slider.addEventListener("input", () => this.move({ kind: "latent", axis, step: Number(slider.value) }));
      this.rows.push(row);
      return row.element;
    }));
  }

  buildFactors() {
    this.factorRows = [];
    if (!this.data.factors.length) return;
    this.place.append(make("h3", {}, "Factors of the data"));
    this.data.factors.forEach((factor, axis) => {
      const values = factor.values[explorer.observation];
      const slider = make("input", { type: "range", min: 0, max: values.length - 1, step: 1 });
      const row = { axis, slider, value: make("output"), film: make("canvas", { class: "film", "aria-hidden": "true" }) };
      row.element = make("div", { class: "factor-row" },
        make("label", {}, make("span", {}, factor.name), slider, row.value), row.film);
      slider.addEventListener("input", () => this.move({ kind: "factor", axis, step: Number(slider.value) }));
      this.factorRows.push(row);
      this.place.append(row.element);
    });
  }

  pick(event) {
    if (!this.moved) return;
    const count = this.stepsOf(this.moved.kind, this.moved.axis).length;
    const step = Math.floor((event.offsetX / this.film.clientWidth) * count);
    this.move({ ...this.moved, step: Math.min(Math.max(step, 0), count - 1) });
  }

  move(moved) {
    this.moved = moved;
    this.update();
    const other = this.other;
    if (!byId("explorer-linked").checked || other.run === null) return;
    const axes = moved.kind === "latent" ? other.look.latents : other.data.factors;
    if (moved.axis < axes.length) {
      other.moved = { ...moved };
      other.update();
    }
  }

  // The values that a latent or a factor takes.
  stepsOf(kind, axis) {
    const { observation } = explorer;
    return kind === "latent" ? this.look.values[observation][axis] : this.data.factors[axis].values[observation];
  }

  homeOf(kind, axis) {
    const { observation } = explorer;
    return kind === "latent" ? this.look.home[observation][axis] : this.data.factors[axis].home[observation];
  }

  // How all latents respond to what is moved.
  responses() {
    const { observation } = explorer;
    if (!this.moved) return this.look.latents.map(() => 0);
    const { kind, axis, step } = this.moved;
    const found = kind === "latent" ? this.look.responses[observation][axis] : this.look.changes[axis][observation];
    return found[step];
  }

  largest() {
    const { observation } = explorer;
    const every = [this.look.responses[observation], this.look.changes.map((change) => change[observation])];
    return Math.max(0.5, ...every.flat(3).map((value) => Math.abs(value ?? 0)));
  }

  update() {
    this.updateRows();
    this.updateWords();
    if (this.look.kind === "images") this.updateImages();
    else this.updateVector();
  }

  updateRows() {
    const responses = this.responses();
    const largest = this.largest();
    const settle = (row, kind) => {
      const isMoved = this.moved !== null && this.moved.kind === kind && this.moved.axis === row.axis;
      const step = isMoved ? this.moved.step : this.homeOf(kind, row.axis);
      const value = this.stepsOf(kind, row.axis)[step];
      row.slider.value = step;
      row.value.textContent = typeof value === "string" ? value : shortNumber(value);
      row.slider.setAttribute("aria-valuetext", row.value.textContent);
      row.element.classList.toggle("active", isMoved);
    };
    for (const row of this.rows) {
      settle(row, "latent");
      const response = responses[row.axis] ?? 0;
      row.bar.className = response < 0 ? "down" : "up";
      row.bar.style.width = `${(50 * Math.abs(response)) / largest}%`;
      row.size.textContent = fixed(response);
    }
    for (const row of this.factorRows) settle(row, "factor");
  }

  updateWords() {
    if (!this.moved) {
      this.says.textContent = "Move a slider.";
      return;
    }
    const { kind, axis, step } = this.moved;
    const steps = this.stepsOf(kind, axis);
    const show = (value) => (typeof value === "string" ? value : shortNumber(value));
    const name = kind === "latent" ? `Latent ${this.look.latents[axis]}` : `Factor ${this.data.factors[axis].name}`;
    const ranked = this.responses().map((value, place) => [Math.abs(value ?? 0), this.look.latents[place], value]);
    ranked.sort(([one], [other]) => other - one);
    const most = ranked.slice(0, 3).filter(([size]) => size >= 0.05);
    const answer = most.map(([, latent, value]) => `${latent} (${value > 0 ? "+" : ""}${fixed(value)})`).join(", ");
    this.says.textContent = `${name} from ${show(steps[this.homeOf(kind, axis)])} to ${show(steps[step])}: ` +
      (answer ? `latents that change most: ${answer}.` : "no latent changes by more than 0.05.");
  }

  updateImages() {
    const { observation } = explorer;
    const { look, data } = this;
    const home = this.homeOf("latent", 0);
    drawTile(this.original, data.originals[observation], data.side, 0);
    drawTile(this.own, look.strips[observation], look.side, home, 0);
    const moved = this.moved ?? { kind: "latent", axis: 0, step: home };
    const count = this.stepsOf(moved.kind, moved.axis).length;
    if (moved.kind === "latent") {
      drawTile(this.moved_, look.strips[observation], look.side, moved.step, moved.axis);
      drawFilm(this.film, look.strips[observation], look.side, count, moved.step, moved.axis);
    } else {
      drawTile(this.original, data.strips[observation][moved.axis], data.side, moved.step);
      drawTile(this.moved_, look.factor_strips[observation][moved.axis], look.side, moved.step);
      drawFilm(this.film, look.factor_strips[observation][moved.axis], look.side, count, moved.step);
    }
    for (const row of this.factorRows) {
      const steps = this.stepsOf("factor", row.axis).length;
      drawFilm(row.film, data.strips[observation][row.axis], data.side, steps, Number(row.slider.value));
    }
  }

  updateVector() {
    const { observation } = explorer;
    const strips = this.look.strips[observation];
    const curves = [[this.data.originals[observation], "original"], [strips[0][this.homeOf("latent", 0)], "own"]];
    if (this.moved && this.moved.kind === "latent") curves.push([strips[this.moved.axis][this.moved.step], "changed"]);
    drawVectors(this.svg, curves);
  }
}

function explorable(section) {
  return report.runs.map((_, number) => number)
    .filter((number) => report.runs[number].explorable && report.runs[number].section === section);
}

function chooseSection(section, run = null) {
  explorer.section = section;
  explorer.observation = 0;
  byId("explorer-data").value = section;
  const runs = explorable(section);
  const first = run ?? runs[0] ?? null;
  const otherModel = runs.find((number) => report.runs[number].model !== report.runs[first]?.model);
  buildThumbnails();
  explorer.panels[0].choose(first);
  explorer.panels[1].choose(otherModel ?? runs.find((number) => number !== first) ?? null);
}

function buildThumbnails() {
  const data = lookOf(`section-${explorer.section}`);
  const place = document.querySelector("#explorer-observations .thumbnails");
  place.replaceChildren(...Array.from({ length: data.count }, (_, number) => {
    const canvas = make("canvas", { width: 0, height: 0 });
    const isImage = data.kind === "images";
    if (isImage) drawTile(canvas, data.originals[number], data.side, 0);
    const button = make("button", { type: "button", "aria-pressed": number === explorer.observation,
      "aria-label": `observation ${number + 1}` }, isImage ? canvas : String(number + 1));
    button.addEventListener("click", () => {
      explorer.observation = number;
      [...place.children].forEach((one, count) => one.setAttribute("aria-pressed", count === number));
      explorer.panels.forEach((panel) => panel.choose(panel.run));
    });
    return button;
  }));
}

function showExplorer(run) {
  const sections = report.sections.map((_, section) => section).filter((section) => explorable(section).length);
  if (!sections.length) {
    explorer.panels[0].place.replaceChildren("None of these runs can be explored.");
    return;
  }
  if (run !== null && report.runs[run]?.explorable) chooseSection(report.runs[run].section, run);
  else if (explorer.section === null) chooseSection(sections[0]);
}

function prepareExplorer() {
  explorer.panels = [new Panel(byId("panel-0")), new Panel(byId("panel-1"))];
  const sections = report.sections.map((name, section) => [name, section]).filter(([, section]) => explorable(section).length);
  byId("explorer-data").append(...sections.map(([name, section]) => option(section, name)));
  byId("explorer-data-label").hidden = sections.length < 2;
  byId("explorer-data").addEventListener("change", (event) => chooseSection(Number(event.target.value)));
  byId("explorer-sorted").addEventListener("change", () => explorer.panels.forEach((panel) => panel.build()));
}
