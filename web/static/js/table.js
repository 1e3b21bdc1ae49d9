// The table of containers: one row per name, changed in place, sorted and filtered here.
import { make, meter, say, set, severity } from "./dom.js";
import { spark } from "./spark.js";
import { byteRate, bytes, cores, count, duration, share, trimmed } from "./format.js";

const worst = (one) => {
  const known = Object.entries(one.pressure).filter(([, value]) => value != null);
  return known.length ? known.reduce((a, b) => (b[1] > a[1] ? b : a)) : null;
};
const SHORT = { cpu: "cpu", memory: "mem", io: "io" };
const number = (read) => (a, b) => (read(b) ?? -1) - (read(a) ?? -1);

/** A cell with a figure, what it is measured against, and a bar where there is a limit. */
function limited() {
  const value = make("b"), limit = make("span", { class: "of" }), bar = meter();
  const text = make("span", { class: "figure" }, value, limit);
  return {
    element: make("div", { class: "limited" }, text, bar.element),
    show(now, whole, write) {
      say(value, write(now));
      say(limit, whole == null ? "" : ` / ${trimmed(write(whole))}`);
      bar.show(now == null || !whole ? null : now / whole);
    },
  };
}

const rate = (title, key, read) => ({
  key, title, align: "end", order: number(read),
  cell: () => {
    const text = make("span");
    return { element: text, show: (one) => { say(text, byteRate(read(one))); set(text, "data-idle", read(one) ? null : ""); } };
  },
});

export const COLUMNS = [
  {
    key: "name", title: "Name", order: (a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }),
    cell: () => {
      const link = make("a"), tag = make("span", { class: "tag" });
      return {
        element: make("span", { class: "name" }, link, tag),
        show(one) {
          say(link, one.name);
          set(link, "href", `/container/${one.path}`);
          set(link, "title", one.name);
          say(tag, one.vmid == null ? "" : `VM ${one.vmid}`);
        },
      };
    },
  },
  {
    key: "state", title: "State", order: (a, b) => a.state.localeCompare(b.state),
    cell: () => {
      const text = make("span", { class: "state" });
      return { element: text, show: (one) => { say(text, one.state); set(text, "data-state", one.state); } };
    },
  },
  {
    key: "cpu", title: "CPU", unit: "cores", order: number((one) => one.cpu.cores),
    cell: () => {
      const figure = limited();
      return {
        element: figure.element,
        show(one) {
          figure.show(one.cpu.cores, one.cpu.limit_cores, cores);
          const throttled = one.cpu.throttled_share;
          set(figure.element, "data-level", severity(throttled, 0.1, 2));
          set(figure.element, "title", throttled == null ? null : `throttled in ${share(throttled)} of its periods`);
        },
      };
    },
  },
  {
    key: "trend", title: "CPU trend", cell: () => {
      const line = spark();
      return { element: line.element, show: (one) => line.show(one.cpu.history) };
    },
  },
  {
    key: "memory", title: "Memory", order: number((one) => one.memory.working_set_bytes),
    cell: () => {
      const figure = limited();
      return {
        element: figure.element,
        show(one) { figure.show(one.memory.working_set_bytes, one.memory.limit_bytes, bytes); },
      };
    },
  },
  rate("Net in", "receive", (one) => one.network.receive_bytes_per_second),
  rate("Net out", "transmit", (one) => one.network.transmit_bytes_per_second),
  rate("Disk read", "read", (one) => one.disk.read_bytes_per_second),
  rate("Disk write", "write", (one) => one.disk.written_bytes_per_second),
  {
    key: "pressure", title: "Pressure", align: "end", order: number((one) => worst(one)?.[1]),
    cell: () => {
      const text = make("span", { class: "pressure" });
      return {
        element: text,
        show(one) {
          const found = worst(one);
          const { cpu, memory, io } = one.pressure;
          say(text, found == null ? "–" : found[1] < 0.0005 ? "0 %" : `${SHORT[found[0]]} ${share(found[1])}`);
          set(text, "data-level", severity(found?.[1], 0.2, 0.5));
          set(text, "data-idle", found?.[1] >= 0.0005 ? null : "");
          set(text, "title", `time in which some task waited: cpu ${share(cpu)}, memory ${share(memory)}, io ${share(io)}`);
        },
      };
    },
  },
  {
    key: "tasks", title: "Tasks", align: "end", order: number((one) => one.pids.now),
    cell: () => {
      const text = make("span");
      return { element: text, show: (one) => say(text, count(one.pids.now)) };
    },
  },
  {
    key: "uptime", title: "Uptime", align: "end", order: number((one) => one.started == null ? null : -one.started),
    cell: () => {
      const text = make("span");
      return { element: text, show: (one, now) => say(text, one.started == null ? "–" : duration(now - one.started)) };
    },
  },
];

export class Row {
  constructor() {
    this.cells = COLUMNS.map((column) => column.cell());
    this.element = make("tr", { role: "row" }, ...COLUMNS.map((column, place) => make(
      "td", { role: "cell", class: `c-${column.key}`, "data-align": column.align, "data-title": column.title },
      this.cells[place].element,
    )));
  }

  show(one, now) {
    this.cells.forEach((cell) => cell.show(one, now));
    set(this.element, "data-state", one.state);
  }
}

const stopped = (one) => (one.state === "stopped" ? 1 : 0);

/** The containers whose name holds `text`, by `key`, what runs first; equal ones by name, so that
    rows hold still. */
export function arranged(containers, text, key, reversed) {
  const wanted = text.trim().toLowerCase();
  const column = COLUMNS.find((one) => one.key === key && one.order) ?? COLUMNS[0];
  const direction = reversed ? -1 : 1;
  return containers
    .filter((one) => one.name.toLowerCase().includes(wanted) || (one.vmid != null && one.vmid === wanted))
    .sort((a, b) => stopped(a) - stopped(b) || direction * column.order(a, b) || COLUMNS[0].order(a, b));
}
