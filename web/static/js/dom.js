// Building and changing elements. Text goes in as text: no name can become markup.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value != null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Sets text only where it differs, so that a cycle repaints only what changed. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets an attribute only where it differs; null removes it. */
export function set(element, name, value) {
  if (value == null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** "warn" from the first threshold, "bad" from the second, else null. */
export function severity(value, warn, bad) {
  if (value == null || value < warn) return null;
  return value >= bad ? "bad" : "warn";
}

/** A bar filled to `part` (0 to 1) of its width; empty and marked where that is unknown. */
export function meter() {
  const fill = make("i");
  const element = make("span", { class: "meter", "aria-hidden": "true" }, fill);
  return {
    element,
    show(part, warn = 0.8, bad = 0.95) {
      element.hidden = part == null;
      fill.style.width = `${Math.min(100, Math.max(0, (part ?? 0) * 100)).toFixed(1)}%`;
      set(element, "data-level", severity(part, warn, bad));
    },
  };
}
