// The row of figures at the top: of the host, or of one container.
import { make, meter, say, set, severity } from "./dom.js";
import { spark } from "./spark.js";
import { byteRate, bytes, cores, count, share } from "./format.js";

class Tile {
  constructor(title) {
    this.value = make("strong");
    this.note = make("span", { class: "note" });
    this.meter = meter();
    this.meter.element.hidden = true;
    this.title = make("h2", {}, title);
    this.element = make("div", { class: "tile" }, this.title, this.value, this.note, this.meter.element);
  }

  show(value, note = "", part = null) {
    say(this.value, value);
    say(this.note, note);
    this.meter.show(part);
  }

  sparkline(values) {
    if (!this.line) {
      this.line = spark();
      this.element.append(this.line.element);
    }
    this.line.show(values);
  }
}

function pressure(tile, found) {
  const worst = Math.max(...Object.values(found).map((value) => value ?? 0));
  const unknown = Object.values(found).every((value) => value == null);
  tile.show(unknown ? "–" : share(worst), `cpu ${share(found.cpu)} · mem ${share(found.memory)} · io ${share(found.io)}`);
  set(tile.element, "data-level", severity(worst, 0.2, 0.5));
}

const used = (total, left) => (total == null || left == null ? null : total - left);
const part = (value, whole) => (value == null || !whole ? null : value / whole);
const sum = (a, b) => (a == null && b == null ? null : (a ?? 0) + (b ?? 0));

/** Where nothing is known, the absence of a limit is not known either. */
const unlimited = (now, what) => (now == null ? what : `${what}, no limit`);

const SHOWN = {
  CPU(tile, of) {
    const whole = of.cpu.total_cores ?? of.cpu.limit_cores;
    const note = whole == null ? unlimited(of.cpu.cores, "cores") : `of ${count(whole)} ${whole === 1 ? "core" : "cores"}`;
    const throttled = of.cpu.throttled_share > 0.005 ? ` · throttled ${share(of.cpu.throttled_share)}` : "";
    tile.show(cores(of.cpu.cores), note + throttled, part(of.cpu.cores, whole));
    tile.sparkline(of.cpu.history);
  },
  Load(tile, of) {
    tile.show(cores(of.load[0]), `5 min ${cores(of.load[1])} · 15 min ${cores(of.load[2])}`);
  },
  Memory(tile, of) {
    const whole = of.memory.total_bytes ?? of.memory.limit_bytes;
    const now = of.memory.working_set_bytes ?? used(of.memory.total_bytes, of.memory.available_bytes);
    const kills = of.memory.oom_kills ? ` · ${count(of.memory.oom_kills)} OOM kills` : "";
    tile.show(bytes(now), (whole == null ? unlimited(now, "working set") : `of ${bytes(whole)}`) + kills, part(now, whole));
  },
  Network(tile, of) {
    const { receive_bytes_per_second: received, transmit_bytes_per_second: sent } = of.network;
    tile.show(byteRate(sum(received, sent)), `in ${byteRate(received)} · out ${byteRate(sent)}`);
  },
  Disk(tile, of) {
    const { read_bytes_per_second: read, written_bytes_per_second: written } = of.disk;
    tile.show(byteRate(sum(read, written)), `read ${byteRate(read)} · write ${byteRate(written)}`);
  },
  Pressure(tile, of) { pressure(tile, of.pressure); },
  Processes(tile, of) {
    const { now, limit } = of.pids;
    tile.show(count(now), limit == null ? unlimited(now, "tasks") : `of ${count(limit)} tasks`, part(now, limit));
  },
};

/** Tiles of the given titles in `place`; the returned function shows one reading. */
export function tiles(place, titles) {
  const made = titles.map((title) => [title, new Tile(title)]);
  place.replaceChildren(...made.map(([, tile]) => tile.element));
  return (of) => made.forEach(([title, tile]) => SHOWN[title](tile, of));
}

export const HOST_TILES = ["CPU", "Load", "Memory", "Network", "Disk", "Pressure"];
export const CONTAINER_TILES = ["CPU", "Memory", "Network", "Disk", "Pressure", "Processes"];
