// Numbers and times as text. Unknown (null) is an en dash, never 0.
const UNKNOWN = "–";
const IEC = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const NB = "\u00a0";

function digits(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 0.01) return value.toPrecision(1);
  return value.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0);
}

/** [number, unit] of an amount of bytes, so that both can be set apart. */
function binary(value) {
  let size = value, place = 0;
  while (Math.abs(size) >= 1000 && place < IEC.length - 1) { size /= 1024; place += 1; }
  return [place === 0 ? String(Math.round(size)) : digits(size), IEC[place]];
}

const known = (write) => (value) => (value == null ? UNKNOWN : write(value));

export const bytes = known((value) => binary(value).join(NB));
export const byteRate = known((value) => `${binary(value).join(NB)}/s`);
export const cores = known((value) => (value < 0.005 ? "0" : digits(value)));
export const share = known((value) => {
  const percent = value * 100;
  return `${percent < 0.05 ? 0 : percent < 10 ? percent.toFixed(1) : Math.round(percent)}${NB}%`;
});
export const count = known((value) => (Number.isInteger(value) ? String(value) : digits(value)));

export const duration = known((seconds) => {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s}${NB}s`;
  if (s < 3600) return `${Math.floor(s / 60)}${NB}min`;
  if (s < 86400) return `${Math.floor(s / 3600)}${NB}h ${Math.floor((s % 3600) / 60)}${NB}min`;
  return `${Math.floor(s / 86400)}${NB}d ${Math.floor((s % 86400) / 3600)}${NB}h`;
});

const pad = (number) => String(number).padStart(2, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export function clock(unix, withSeconds = true) {
  const at = new Date(unix * 1000);
  const text = `${pad(at.getHours())}:${pad(at.getMinutes())}`;
  return withSeconds ? `${text}:${pad(at.getSeconds())}` : text;
}

/** "22 Nov 08:34 – 09:34": the second date only where it differs. */
export function span(from, to) {
  const seconds = to - from <= 3600;
  const end = day(from) === day(to) ? clock(to, seconds) : `${day(to)} ${clock(to, seconds)}`;
  return `${day(from)} ${clock(from, seconds)} – ${end}`;
}

export function day(unix) {
  const at = new Date(unix * 1000);
  return `${at.getDate()}${NB}${MONTHS[at.getMonth()]}`;
}

/** The writer of a chart's unit, as web/charts.py names it. */
export function ofUnit(unit) {
  const table = {
    bytes, "bytes/s": byteRate, cores, share, count,
    "packets/s": known((value) => `${digits(value)}${NB}/s`),
  };
  return table[unit] ?? known((value) => (unit.endsWith("/s") ? `${digits(value)}${NB}/s` : digits(value)));
}

/** Without needless zeros: "2.00 GiB" → "2 GiB". For limits, which are round by nature. */
export function trimmed(text) {
  return text.replace(/(\.\d*?)0+(?!\d)/, "$1").replace(/\.(?!\d)/, "");
}

/** The writer of an axis: no needless digits, and no unit that the title has already said. */
export function ofTicks(unit) {
  const write = unit.endsWith("/s") && unit !== "bytes/s" ? digits : ofUnit(unit);
  return (value) => trimmed(write(value));
}

/** The unit as a chart's title says it. */
export function unitTitle(unit) {
  return { share: "% of time", count: "", bytes: "bytes" }[unit] ?? unit;
}
