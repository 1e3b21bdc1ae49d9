// The columns of one entity over a window of time: fetched whole, then grown cycle by cycle.
import { ask } from "./poll.js";

const keyOf = (metric, labels) => JSON.stringify([metric, Object.entries(labels).sort()]);

/** A column's key, as charts know it and as series carry it. */
export const lineKey = (line) => keyOf(line.metric, line.labels);

export class History {
  constructor(api, metrics) {
    this.api = api;
    this.metrics = metrics;
    this.loads = 0;
    this.clear();
  }

  clear() {
    this.time = [];
    this.columns = new Map();
    this.step = null;
  }

  /** `parameters`: since, until, step. */
  async fetch(parameters, signal) {
    const query = new URLSearchParams(this.metrics.map((metric) => ["metric", metric]));
    query.set("rate", "1");
    for (const [name, value] of Object.entries(parameters)) if (value != null) query.set(name, value);
    return ask(`${this.api}/series?${query}`, signal);
  }

  /** Everything from `since` to `until` (null: now). */
  async load(since, until, signal) {
    this.loads += 1;
    const body = await this.fetch({ since, until }, signal);
    this.clear();
    this.time = body.time;
    this.step = body.step;
    for (const one of body.series) this.columns.set(lineKey(one), one.values);
    return body;
  }

  /** What came since the last point, which may itself have been of an unfinished step; nothing
      when another window was asked for meanwhile. */
  async grow(oldest, now, signal) {
    const last = this.time.at(-1);
    if (last === undefined || last >= now) return false;
    const loads = this.loads;
    const body = await this.fetch({ since: last, step: this.step || "raw" }, signal);
    if (body.time.length === 0 || loads !== this.loads) return true;
    const keep = this.time.findLastIndex((time) => time < body.time[0]) + 1;
    const drop = Math.max(0, this.time.findIndex((time) => time >= oldest));
    const fresh = new Map(body.series.map((one) => [lineKey(one), one.values]));
    const holes = (length) => new Array(length).fill(null);
    for (const key of new Set([...this.columns.keys(), ...fresh.keys()])) {
      const before = this.columns.get(key) ?? holes(this.time.length);
      this.columns.set(key, [...before.slice(drop, keep), ...(fresh.get(key) ?? holes(body.time.length))]);
    }
    this.time = [...this.time.slice(drop, keep), ...body.time];
    return true;
  }
}
