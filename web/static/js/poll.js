// Asking the API each cycle; the banner and the pulse that say how it goes.
import { make, say, set } from "./dom.js";
import { clock, day, duration } from "./format.js";

const RETRY_S = 5;
const HEADINGS = {
  stale: "No new readings", disk_full: "Disk full", unreadable: "Store unreadable",
  empty: "Nothing stored yet", clock_stepped: "Clock jumped", unreachable: "Page server unreachable",
};

export class Answer extends Error {
  constructor(status, body) {
    super(body.error ?? `HTTP ${status}`);
    this.status = status;
    this.problem = body.problem ?? null;
  }
}

export async function ask(url, signal) {
  const response = await fetch(url, { signal, headers: { Accept: "application/json" } });
  const body = await response.json();
  if (!response.ok) throw new Answer(response.status, body);
  return body;
}

const banner = document.getElementById("banner");
const pulse = document.getElementById("pulse");
let unreachableSince = null, failures = 0;

function when(unix, now) {
  const date = now - unix > 86400 ? `${day(unix)} ` : "";
  return `since ${date}${clock(unix)} (${duration(now - unix)})`;
}

function showBanner(problem, now) {
  banner.hidden = problem == null;
  document.body.toggleAttribute("data-old", problem != null && problem.level === "error");
  if (problem == null) return;
  set(banner, "data-level", problem.level);
  set(banner, "data-code", problem.code);
  if (banner.childElementCount !== 3) banner.replaceChildren(make("strong"), make("span"), make("time"));
  const [heading, text, time] = banner.children;
  say(heading, HEADINGS[problem.code] ?? "Problem");
  say(text, problem.text);
  say(time, when(problem.since, now));
}

function showPulse(body) {
  const bad = body.problem?.level === "error";
  set(pulse, "data-state", bad ? "bad" : "live");
  const age = body.cycle?.age_s;
  say(pulse.lastElementChild, age == null ? "no reading" : bad ? `${duration(age)} old` : "live");
  pulse.title = body.cycle
    ? `Reading ${body.cycle.seq} of ${clock(body.cycle.time)}, one each ${body.interval_s} s`
    : "";
}

function arrived(body) {
  failures = 0;
  unreachableSince = null;
  showBanner(body.problem, body.now);
  showPulse(body);
}

function failed(error) {
  const now = Date.now() / 1000;
  set(pulse, "data-state", "bad");
  say(pulse.lastElementChild, "no answer");
  if (error instanceof Answer) {
    unreachableSince = null;
    const text = error.message;
    showBanner(error.problem ?? { code: "", level: "error", text, since: now }, now);
    return;
  }
  unreachableSince ??= now;
  const text = `This browser gets no answer from the page's server. It asks again every ${RETRY_S} s.`;
  showBanner({ code: "unreachable", level: "error", text, since: unreachableSince }, now);
}

/** A browser drops requests when its network changes: one lost answer is no news. */
function lost(error) {
  failures += 1;
  const excused = failures === 1 && !(error instanceof Answer);
  if (!excused) failed(error);
  return excused ? 500 : RETRY_S * 1000;
}

/** Just after the next cycle; never faster than twice a second. */
function delay(body) {
  const age = body.cycle?.age_s ?? 0;
  const left = age < body.interval_s * 2 ? body.interval_s - age + 0.25 : Math.min(body.interval_s, RETRY_S);
  return Math.max(0.5, left) * 1000;
}

/** An upgrade restarted the server: this page's code is of the version before. */
function outdated(body) {
  return body.version !== document.body.dataset.version;
}

/** Calls `url()` each cycle and gives the body to `show`; a page nobody sees does not ask. */
export function everyCycle(url, show) {
  let timer = 0, busy = false;
  const again = (after) => { clearTimeout(timer); timer = setTimeout(run, after); };
  async function run() {
    if (document.hidden || busy) return;
    busy = true;
    try {
      const body = await ask(url());
      if (outdated(body)) { location.reload(); return; }
      arrived(body);
      await show(body);
      again(delay(body));
    } catch (error) {
      if (!(error instanceof Answer || error instanceof TypeError || error instanceof SyntaxError)) {
        again(RETRY_S * 1000);
        throw error;
      }
      again(lost(error));
    } finally {
      busy = false;
    }
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) run(); });
  run();
  return run;
}
