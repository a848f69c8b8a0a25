// Loaded before anything is painted, so that a page never flashes in the wrong theme.
// <html data-theme="light|dark|system"> is what the user chose; the class is what is shown.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = () => {
    const on = root.dataset.theme === "dark" || (root.dataset.theme !== "light" && dark.matches);
    root.classList.toggle("dark", on);
    root.classList.toggle("light", !on);
  };
  show();
  dark.addEventListener("change", show);
  window.showTheme = (theme) => {
    root.dataset.theme = theme;
    show();
  };
})();
