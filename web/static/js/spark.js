// A small line of the last readings. Unknown readings are holes in it.
import { make, set } from "./dom.js";

const NS = "http://www.w3.org/2000/svg";
const WIDTH = 96, HEIGHT = 22, COUNT = 60;

function svg(tag, attributes) {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function paths(values, top) {
  const x = (place) => WIDTH - ((values.length - 1 - place) * WIDTH) / (COUNT - 1);
  const y = (value) => HEIGHT - 1.5 - (Math.min(value, top) / top) * (HEIGHT - 3);
  let line = "", area = "", start = null;
  const close = (end) => {
    if (start !== null) area += `L${x(end).toFixed(1)} ${HEIGHT}L${x(start).toFixed(1)} ${HEIGHT}Z`;
    start = null;
  };
  values.forEach((value, place) => {
    if (value == null) { close(place - 1); return; }
    const step = `${start === null ? "M" : "L"}${x(place).toFixed(1)} ${y(value).toFixed(1)}`;
    if (start === null) start = place;
    line += step;
    area += step;
  });
  close(values.length - 1);
  return [line, area];
}

export function spark() {
  const area = svg("path", { class: "area" });
  const line = svg("path", { class: "line" });
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none" });
  drawing.append(area, line);
  const element = make("span", { class: "spark", "aria-hidden": "true" }, drawing);
  return {
    element,
    /** `floor` is the least height of the scale, so that noise does not look like load. */
    show(values, floor = 0.1) {
      const top = Math.max(floor, ...values.filter((value) => value != null)) * 1.05;
      const [lineText, areaText] = paths(values, top);
      set(line, "d", lineText);
      set(area, "d", areaText);
    },
  };
}
