// The picture of a journey opens at its middle, or at the step that is chosen.
if (!customElements.get("jv-canvas")) {
  customElements.define("jv-canvas", class extends HTMLElement {
    connectedCallback() {
      requestAnimationFrame(() => {
        this.scrollLeft = (this.scrollWidth - this.clientWidth) / 2;
        const chosen = this.querySelector("a[aria-current]");
        if (!chosen || chosen.dataset.step === "entry") return;
        const box = chosen.getBoundingClientRect(), mine = this.getBoundingClientRect();
        this.scrollLeft += box.left + box.width / 2 - mine.left - mine.width / 2;
        this.scrollTop += box.top + box.height / 2 - mine.top - mine.height / 2;
      });
    }
  });
}
