// What the driver knows of a container that it runs: limits, disks, NICs and its last actions.
import { make } from "./dom.js";
import { bytes, clock, count, day, trimmed } from "./format.js";

const size = (value) => (value == null ? "none" : trimmed(bytes(value)));
const yes = (value) => (value ? "yes" : "no");

const LIMITS = [
  ["CPU", (of) => count(of.limits.cpu)],
  ["VCPU", (of) => count(of.limits.vcpu)],
  ["Memory", (of) => size(of.limits.memory_bytes)],
  ["Swap limit", (of) => size(of.limits.swap_bytes)],
  ["Pinned to CPUs", (of) => of.limits.cpus ?? "none"],
  ["Unprivileged", (of) => yes(of.unprivileged)],
  ["First host id", (of) => String(of.first_host_id ?? "–")],
  ["Console", (of) => (of.console?.port ? `${of.console.type} on ${of.console.listen}:${of.console.port}` : "none")],
];
const DISKS = [
  ["ID", (disk) => disk.id],
  ["Mounted at", (disk) => disk.mount_point ?? "–"],
  ["Kind", (disk) => disk.kind],
  ["Size", (disk) => (disk.size_bytes == null ? "–" : size(disk.size_bytes))],
  ["Read-only", (disk) => yes(disk.readonly)],
  ["Source", (disk) => disk.image ?? disk.source],
];
const NICS = [
  ["ID", (nic) => nic.id],
  ["Name", (nic) => nic.name],
  ["MAC", (nic) => nic.mac],
  ["Bridge", (nic) => nic.bridge],
  ["On the host", (nic) => nic.host_name],
  ["MTU", (nic) => nic.mtu ?? "–"],
];
const ACTIONS = [
  ["Time", (one) => `${day(one.time)} ${clock(one.time)}`],
  ["Action", (one) => one.action],
  ["Outcome", (one) => one.outcome],
  ["Seconds", (one) => one.seconds.toFixed(2)],
  ["Why", (one) => one.reason || "–"],
  ["Answer", (one) => one.said || "–"],
];

function table(title, columns, rows) {
  const head = make("tr", {}, ...columns.map(([name]) => make("th", { scope: "col" }, name)));
  const body = rows.map((row) => make("tr", { "data-outcome": row.outcome },
    ...columns.map(([name, write]) => make("td", { "data-title": name }, String(write(row))))));
  return make("table", { class: "list plain" }, make("caption", {}, title),
    make("thead", {}, head), make("tbody", {}, ...body));
}

function limits(of) {
  const pairs = LIMITS.map(([name, write]) => make("div", {}, make("dt", {}, name), make("dd", {}, write(of))));
  return make("dl", { class: "pairs" }, ...pairs);
}

let shown = "";

/** Rebuilt only when it changed: a reader may be selecting text in it. */
export function showDriver(section, told) {
  section.hidden = told == null;
  const now = JSON.stringify(told ?? null);
  if (now === shown) return;
  shown = now;
  const parts = [make("h2", {}, "OpenNebula driver")];
  const of = told?.definition;
  if (of) parts.push(limits(of));
  if (of?.disks.length) parts.push(table("Disks", DISKS, of.disks));
  if (of?.nics.length) parts.push(table("NICs", NICS, of.nics));
  if (told?.actions.length) parts.push(table("Actions", ACTIONS, told.actions));
  section.replaceChildren(...parts);
}
