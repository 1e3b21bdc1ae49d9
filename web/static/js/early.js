// Before the first paint: the scheme chosen last time, so that nothing flashes.
(() => {
  let scheme = null;
  try { scheme = localStorage.getItem("scheme"); } catch { /* storage may be forbidden */ }
  if (scheme === "light" || scheme === "dark") document.documentElement.dataset.scheme = scheme;
})();
