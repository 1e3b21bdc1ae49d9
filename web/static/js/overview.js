// The page of all containers.
import { make, say, set } from "./dom.js";
import { everyCycle } from "./poll.js";
import { HOST_TILES, tiles } from "./tiles.js";
import { COLUMNS, Row, arranged } from "./table.js";
import { startTheme } from "./theme.js";

const byId = (id) => document.getElementById(id);
const table = byId("containers"), body = table.tBodies[0], filter = byId("filter"), choice = byId("sort");
const rows = new Map();
const address = new URL(location.href);
const sort = { key: address.searchParams.get("sort") ?? "name", reversed: address.searchParams.has("reversed") };
let last = null;
let showHost = null;

function remember() {
  const wanted = { q: filter.value, sort: sort.key === "name" ? "" : sort.key, reversed: sort.reversed ? "1" : "" };
  for (const [name, value] of Object.entries(wanted)) {
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
  }
  history.replaceState(null, "", address);
}

function showOrder() {
  for (const head of table.tHead.querySelectorAll("th[data-key]")) {
    const active = head.dataset.key === sort.key;
    // "Descending" is what figures do at first: the greatest on top.
    const down = (head.dataset.key !== "name" && head.dataset.key !== "state") !== sort.reversed;
    set(head, "aria-sort", active ? (down ? "descending" : "ascending") : null);
  }
  choice.value = sort.key;
}

function sortBy(key) {
  sort.reversed = sort.key === key ? !sort.reversed : false;
  sort.key = key;
  remember();
  draw();
}

function buildHead() {
  table.tHead.rows[0].replaceChildren(...COLUMNS.map((column) => {
    const unit = column.unit ? make("small", {}, ` ${column.unit}`) : "";
    const attributes = { role: "columnheader", scope: "col", class: `c-${column.key}`, "data-align": column.align };
    if (!column.order) return make("th", attributes, column.title, unit);
    const button = make("button", { type: "button" }, column.title, unit);
    button.addEventListener("click", () => sortBy(column.key));
    return make("th", { ...attributes, "data-key": column.key }, button);
  }));
  choice.replaceChildren(...COLUMNS.filter((column) => column.order).map(
    (column) => make("option", { value: column.key }, column.title),
  ));
  choice.addEventListener("change", () => sortBy(choice.value));
}

function place(shown) {
  for (const [name, row] of rows) {
    if (!shown.some((one) => one.name === name)) { row.element.remove(); rows.delete(name); }
  }
  shown.forEach((one, position) => {
    if (!rows.has(one.name)) rows.set(one.name, new Row());
    const row = rows.get(one.name);
    row.show(one, last.now);
    if (body.rows[position] !== row.element) body.insertBefore(row.element, body.rows[position] ?? null);
  });
}

function draw() {
  if (last === null) return;
  const all = last.containers;
  const shown = arranged(all, filter.value, sort.key, sort.reversed);
  showOrder();
  place(shown);
  const running = all.filter((one) => one.state === "running").length;
  say(byId("count"), filter.value.trim() ? `${shown.length} of ${all.length}` : `${all.length}${running < all.length ? ` · ${running} running` : ""}`);
  table.hidden = shown.length === 0;
  byId("empty").hidden = all.length > 0 || last.cycle === null;
  byId("nomatch").hidden = shown.length > 0 || all.length === 0;
  say(byId("nomatch"), `No container's name holds “${filter.value.trim()}”. Escape clears the filter.`);
}

function show(answer) {
  last = answer;
  if (answer.host) {
    showHost ??= tiles(byId("tiles"), HOST_TILES);
    showHost(answer.host);
    document.title = `${answer.host.name} · Nebulxc`;
    say(byId("on"), `on ${answer.host.name}`);
  }
  draw();
}

filter.value = address.searchParams.get("q") ?? "";
filter.addEventListener("input", () => { remember(); draw(); });
filter.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { filter.value = ""; remember(); draw(); }
});
document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) { event.preventDefault(); filter.focus(); }
});
startTheme();
buildHead();
everyCycle(() => "/api/containers", show);
