// One chart: a card with its title and unit, uPlot's canvas, and a legend of buttons.
import { make, say, set } from "./dom.js";
import { clock, day, ofTicks, ofUnit, unitTitle } from "./format.js";
import { lineKey } from "./history.js";

const HEIGHT = 168;
/** The least height of a scale, per unit: noise must not look like load. */
const LEAST = { cores: 0.1, share: 0.05, seconds: 0.01, bytes: 1024, "bytes/s": 1024, count: 5 };
const BINARY = Array.from({ length: 60 }, (_, power) => 2 ** power);
const DAY = 86400;
/** A limit is drawn when the data come this near to it. */
const FAR = 0.15;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const tone = (line) => colour(`--tone-${line.tone}`);

const SHADES = { area: "26", stack: "40" };

function series(line) {
  const limit = line.role === "limit";
  const shade = SHADES[line.role];
  return {
    stroke: () => tone(line),
    fill: shade ? () => tone(line) + shade : undefined,
    width: limit ? 1.25 : 1.5,
    dash: limit ? [6, 4] : undefined,
    spanGaps: false,
    points: { show: limit ? false : undefined, size: 4 },
  };
}

/** Stacked lines are filled down to the stacked line below them. */
function bands(lines) {
  const stacked = lines.flatMap((line, place) => (line.role === "stack" ? [place + 1] : []));
  return stacked.slice(1).map((upper, place) => ({ series: [upper, stacked[place]] }));
}

const greatest = (values) => values.reduce((most, value) => (value > most ? value : most), 0);

function timeLabels(u, splits, axis, space, increment) {
  return splits.map((at) => (increment >= DAY ? day(at) : clock(at, increment < 60)));
}

function axes(unit) {
  const write = ofTicks(unit);
  const common = {
    stroke: () => colour("--muted"),
    grid: { stroke: () => colour("--grid"), width: 1 },
    ticks: { show: false },
    font: `11px ${getComputedStyle(document.body).fontFamily}`,
  };
  const binary = unit.startsWith("bytes") ? { incrs: BINARY } : {};
  return [
    { ...common, values: timeLabels, space: 64, size: 26 },
    { ...common, ...binary, values: (u, splits) => splits.map(write), size: 70, space: 34, gap: 6 },
  ];
}

export class Chart {
  /** `hooks`: onZoom(from, to), onHover(time or null), window() giving the shown [from, to]. */
  constructor(definition, hooks) {
    this.lines = definition.lines;
    this.keys = this.lines.map(lineKey);
    this.unit = definition.unit;
    this.write = ofUnit(definition.unit);
    this.hooks = hooks;
    this.name = [definition.title, definition.subject].filter(Boolean).join(" ");
    this.legend = this.lines.map((line, place) => this.button(line, place));
    this.plot = make("div", { class: "plot", role: "img", "aria-label": `${this.name}, ${unitTitle(this.unit)}` });
    const subject = definition.subject ? make("span", { class: "subject" }, definition.subject) : "";
    const unit = unitTitle(this.unit) ? make("small", {}, unitTitle(this.unit)) : "";
    this.element = make("section", { class: "card", "aria-label": this.name },
      make("h2", {}, definition.title, " ", subject, " ", unit), this.plot,
      make("div", { class: "legend" }, ...this.legend.map((one) => one.element)));
    this.chart = null;
    this.hover = null;
  }

  /** A legend entry. `chosen` is what its reader wants: shown, hidden, or null for our choice. */
  button(line) {
    const value = make("b");
    const element = make("button", { type: "button", class: line.role },
      make("i", { class: `tone-${line.tone}`, "aria-hidden": "true" }), line.name, value);
    const one = { element, value, chosen: null, shown: true };
    element.addEventListener("click", () => { one.chosen = !one.shown; this.draw(); });
    return one;
  }

  /** A limit far above everything is told in the legend alone, or it would flatten the rest. */
  decide() {
    const most = greatest(this.lines.map((line, place) => (line.role === "limit" ? 0 : greatest(this.data[place + 1]))));
    this.legend.forEach((one, place) => {
      const limit = this.lines[place].role === "limit";
      const highest = limit ? greatest(this.data[place + 1]) : 0;
      const above = limit && most < highest * FAR;
      one.shown = one.chosen ?? !above;
      one.element.hidden = this.data[place + 1].every((value) => value == null);
      set(one.element, "aria-pressed", one.shown);
      set(one.element, "data-above", above && !one.shown ? "" : null);
      set(one.element, "title", above && !one.shown ? "far above what is drawn: press to draw it" : null);
    });
  }

  build(data) {
    const options = {
      width: this.plot.clientWidth || 300, height: HEIGHT, legend: { show: false },
      padding: [8, 10, 0, 0],
      cursor: {
        sync: { key: "charts", setSeries: false }, drag: { x: true, y: false, setScale: false },
        points: { size: 6 }, focus: { prox: -1 },
      },
      scales: {
        x: { time: true, range: () => this.hooks.window() },
        y: { range: (u, low, high) => [0, Math.max(LEAST[this.unit] ?? 1, (high ?? 0) * 1.06)] },
      },
      series: [{}, ...this.lines.map(series)],
      bands: bands(this.lines),
      axes: axes(this.unit),
      hooks: { setSelect: [(u) => this.selected(u)], setCursor: [(u) => this.hovered(u)] },
    };
    this.chart = new uPlot(options, data, this.plot);
  }

  selected(u) {
    if (u.select.width < 6) return;
    const from = u.posToVal(u.select.left, "x"), to = u.posToVal(u.select.left + u.select.width, "x");
    u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.hooks.onZoom(from, to);
  }

  hovered(u) {
    this.hover = u.cursor.idx ?? null;
    this.figures();
    if (u.cursor.event) this.hooks.onHover(this.hover === null ? null : this.data[0][this.hover]);
  }

  /** The data as drawn: each stacked line upon the shown ones before it. */
  stacked() {
    let below = null;
    return this.data.map((values, place) => {
      if (place === 0 || this.lines[place - 1].role !== "stack" || !this.legend[place - 1].shown) return values;
      const under = below;
      below = under === null ? values
        : values.map((value, at) => (value == null ? null : value + (under[at] ?? 0)));
      return below;
    });
  }

  /** Takes the history; whether it holds anything of this chart. */
  show(history) {
    const empty = new Array(history.time.length).fill(null);
    this.data = [history.time, ...this.keys.map((key) => history.columns.get(key) ?? empty)];
    const any = this.lines.some((line, place) => line.role !== "limit" && this.data[place + 1].some((value) => value != null));
    this.element.hidden = !any;
    if (any) this.draw();
    return any;
  }

  draw() {
    this.decide();
    const data = this.stacked();
    if (!this.chart) this.build(data);
    this.chart.batch(() => {
      this.legend.forEach((one, place) => {
        if (this.chart.series[place + 1].show !== one.shown) this.chart.setSeries(place + 1, { show: one.shown });
      });
      this.chart.setData(data);
    });
    this.figures();
  }

  /** The legend's figures: at the cursor, else the last reading. */
  figures() {
    if (!this.data) return;
    const at = this.hover ?? this.data[0].length - 1;
    this.legend.forEach((one, place) => say(one.value, this.write(this.data[place + 1][at] ?? null)));
  }

  resize() {
    if (this.chart && this.plot.clientWidth) this.chart.setSize({ width: this.plot.clientWidth, height: HEIGHT });
  }

  recolour() {
    this.chart?.redraw(false, true);
  }
}
