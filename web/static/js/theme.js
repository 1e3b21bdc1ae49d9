// The colour scheme: automatic, light or dark; remembered per browser.
const NEXT = { auto: "light", light: "dark", dark: "auto" };
const SIGN = { auto: "◐", light: "☀", dark: "☾" };
const WORD = { auto: "automatic", light: "light", dark: "dark" };
const root = document.documentElement;
const listeners = [];

function current() {
  return root.dataset.scheme ?? "auto";
}

function show(button) {
  button.textContent = SIGN[current()];
  button.setAttribute("aria-label", `Colour scheme: ${WORD[current()]}`);
  button.title = `Colour scheme: ${WORD[current()]}`;
}

function choose(scheme) {
  if (scheme === "auto") delete root.dataset.scheme;
  else root.dataset.scheme = scheme;
  try { localStorage.setItem("scheme", scheme); } catch { /* then it lasts for this page */ }
  listeners.forEach((listener) => listener());
}

/** Calls `listener` whenever colours change, by the button or by the system. */
export function onColours(listener) {
  listeners.push(listener);
}

export function startTheme() {
  const button = document.getElementById("theme");
  show(button);
  button.addEventListener("click", () => { choose(NEXT[current()]); show(button); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    listeners.forEach((listener) => listener());
  });
}
