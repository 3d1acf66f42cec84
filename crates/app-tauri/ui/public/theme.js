// Sets the theme before the first paint. It runs alone, before everything else, so that the wrong
// theme never shows; the settings page writes what it reads.
(function () {
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  function show() {
    var wanted = null;
    try {
      wanted = localStorage.getItem("kukuri.theme");
    } catch (_) {
      // Without storage the theme of the system holds.
    }
    var isDark = wanted === "dark" || (wanted !== "light" && dark.matches);
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
  }
  dark.addEventListener("change", show);
  window.addEventListener("kukuri:theme", show);
  show();
})();
