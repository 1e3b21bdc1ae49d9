// The page of one container, or of the host: its figures now and its charts over time.
import { make, say, set } from "./dom.js";
import { clock, day, duration, span } from "./format.js";
import { Chart } from "./chart.js";
import { History } from "./history.js";
import { showDriver } from "./driver.js";
import { everyCycle } from "./poll.js";
import { CONTAINER_TILES, HOST_TILES, tiles } from "./tiles.js";
import { onColours, startTheme } from "./theme.js";

const byId = (id) => document.getElementById(id);
const { kind, api } = byId("entity").dataset;
const RANGES = { "15m": ["15 m", 900], "1h": ["1 h", 3600], "24h": ["24 h", 86400], "7d": ["7 d", 604800], "90d": ["90 d", 7776000] };
const SLOWEST_S = 60;

const address = new URL(location.href);
const view = { range: RANGES[address.searchParams.get("range")] ? address.searchParams.get("range") : "15m", zoom: null };
let charts = [], layout = "", history = null, showTiles = null, pending = null, last = null;
let grownAt = 0, missing = false;

const width = () => RANGES[view.range][1];
const window_ = () => view.zoom ?? [last.now - width(), last.now];

function hooks() {
  return { onZoom: zoomTo, window: window_, onHover: showHover };
}

/** The charts of what the store has; rebuilt only when a NIC, disk or metric came. */
function arrange(definitions) {
  const now = JSON.stringify(definitions);
  if (now === layout) return false;
  layout = now;
  charts = definitions.map((definition) => new Chart(definition, hooks()));
  byId("charts").replaceChildren(...charts.map((chart) => chart.element));
  history = new History(api, [...new Set(definitions.flatMap((one) => one.lines.map((line) => line.metric)))]);
  return true;
}

function draw() {
  const hidden = charts.filter((chart) => !chart.show(history)).map((chart) => chart.name);
  byId("nodata").hidden = hidden.length === 0;
  const some = hidden.length < charts.length;
  say(byId("nodata"), some ? `Without readings in this range: ${hidden.join(", ")}.`
    : "There are no readings in this range: choose a longer one.");
  showWindow();
}

function showWindow() {
  const [from, to] = window_();
  const step = history.step ? `, one point each ${duration(history.step)}` : "";
  say(byId("window"), `${span(from, to)}${step}`);
  byId("reset").hidden = view.zoom === null;
  for (const button of byId("ranges").children) {
    set(button, "aria-pressed", view.zoom === null && button.dataset.range === view.range);
  }
}

function showHover(time) {
  if (time === null) showWindow();
  else say(byId("window"), `${day(time)} ${clock(time)}`);
}

/** Loads the whole window anew, giving up whatever was under way. */
async function reload() {
  pending?.abort();
  const mine = pending = new AbortController();
  const [from, to] = window_();
  byId("charts").setAttribute("aria-busy", "true");
  try {
    await history.load(from.toFixed(3), view.zoom ? to.toFixed(3) : null, mine.signal);
    grownAt = last.now;
    missing = false;
    if (pending === mine) draw();
  } catch (error) {
    if (error.name === "AbortError") return;
    missing = true;
    throw error;
  } finally {
    if (pending === mine) { pending = null; byId("charts").removeAttribute("aria-busy"); }
  }
}

/** For a click: what goes wrong is told by the cycle, which then tries again. */
function reloadSoon() {
  reload().catch(() => {});
}

/** A longer step needs no request each cycle; a clock that went back needs everything anew. */
async function follow() {
  if (pending !== null) return;
  if (missing) { await reload(); return; }
  if (view.zoom !== null) return;
  if (last.now < grownAt) { await reload(); return; }
  const pause = Math.min(history.step || 0, SLOWEST_S);
  if (last.now - grownAt < pause) { draw(); return; }
  const oldest = last.now - width();
  if (!await history.grow(oldest, last.now)) { await reload(); return; }
  grownAt = last.now;
  if (pending === null && view.zoom === null) draw();
}

function zoomTo(from, to) {
  const least = 10 * last.interval_s, middle = (from + to) / 2;
  const half = Math.max(least, to - from) / 2;
  const end = Math.min(middle + half, last.now);
  view.zoom = [end - 2 * half, end];
  showWindow();
  reloadSoon();
}

function choose(range) {
  view.range = range;
  view.zoom = null;
  address.searchParams.set("range", range);
  window.history.replaceState(null, "", address);
  if (history === null) return;
  showWindow();
  reloadSoon();
}

const atLiveEnd = (from, to) => to > last.now - (to - from) / 10;

const MOVES = {
  earlier: ([from, to]) => [from - (to - from) / 2, to - (to - from) / 2],
  later: ([from, to]) => [from + (to - from) / 2, to + (to - from) / 2],
  // What is live is at the right end: there one looks closer.
  in: ([from, to]) => (atLiveEnd(from, to) ? [(from + to) / 2, to] : [from + (to - from) / 4, to - (to - from) / 4]),
  out: ([from, to]) => [from - (to - from) / 2, to + (to - from) / 2],
};

function facts(of) {
  const labels = Object.entries(of.labels ?? {}).filter(([name]) => !["container", "host", "vmid"].includes(name));
  const found = [
    of.vmid == null ? "" : `VM ${of.vmid}`,
    of.started == null ? "" : `up ${duration(last.now - of.started)}`,
    of.labels?.host && kind === "container" ? `on ${of.labels.host}` : "",
    ...labels.map(([name, value]) => `${name} ${value}`),
    of.state === "gone" ? `last read ${day(last.last_seen)} ${clock(last.last_seen)}` : "",
  ];
  say(byId("facts"), found.filter(Boolean).join(" · "));
}

function showNow(of) {
  const state = byId("state");
  state.hidden = of.state == null;
  say(state, of.state ?? "");
  set(state, "data-state", of.state);
  facts(of);
  if (kind !== "container") {
    say(byId("heading"), kind === "host" ? of.name : `Agent on ${of.name}`);
    document.title = `${byId("heading").textContent} · Nebulxc`;
  }
  const known = of.state !== "gone" && of.cpu != null;
  byId("tiles").hidden = !known;
  if (!known) return;
  showTiles ??= tiles(byId("tiles"), kind === "host" ? HOST_TILES : CONTAINER_TILES);
  showTiles(of);
}

async function show(answer) {
  last = answer;
  showNow(answer[kind]);
  showDriver(byId("driver"), answer.driver);
  if (arrange(answer.charts)) await reload();
  else await follow();
}

function start() {
  byId("ranges").replaceChildren(...Object.entries(RANGES).map(([range, [label]]) => {
    const button = make("button", { type: "button", "data-range": range, "aria-pressed": String(range === view.range) }, label);
    button.addEventListener("click", () => choose(range));
    return button;
  }));
  byId("moves").addEventListener("click", (event) => {
    const move = MOVES[event.target.dataset.move];
    if (move && history) zoomTo(...move(window_()));
  });
  byId("reset").addEventListener("click", () => choose(view.range));
  onColours(() => charts.forEach((chart) => chart.recolour()));
  new ResizeObserver(() => charts.forEach((chart) => chart.resize())).observe(byId("charts"));
  startTheme();
  everyCycle(() => api, show);
}

start();
