// <sales-lines>: the lines of an order that is written by hand. Adds and removes rows; shows what they come to while
// somebody types. The sum that counts is the server's.
"use strict";
(() => {
  if (customElements.get("sales-lines")) return;
  /** An amount as people type it; the server reads it in the same way. */
  const read = (text) => {
    let bare = (text || "").replace(/[^\d.,-]/g, "");
    const last = Math.max(bare.lastIndexOf("."), bare.lastIndexOf(","));
    if (last >= 0) {
      const mark = bare[last];
      const other = mark === "." ? "," : ".";
      const groups = !bare.includes(other) && (bare.split(mark).length > 2 || bare.length - last === 4);
      bare = bare.replaceAll(other, "");
      bare = groups ? bare.replaceAll(mark, "") : bare.replace(mark, ".");
    }
    return Number(bare) || 0;
  };
  customElements.define(
    "sales-lines",
    class extends HTMLElement {
      connectedCallback() {
        this.form = this.closest("form");
        this.sum = () => this.total();
        this.form.addEventListener("input", this.sum);
        this.addEventListener("click", this);
        this.total();
      }
      disconnectedCallback() {
        this.form?.removeEventListener("input", this.sum);
      }
      handleEvent(event) {
        const drop = event.target.closest("[data-drop]");
        if (drop) {
          const rows = this.querySelectorAll("tbody tr");
          const row = drop.closest("tr");
          if (rows.length > 1) {
            const next = row.nextElementSibling || row.previousElementSibling;
            row.remove();
            next.querySelector("input").focus();
          } else for (const input of row.querySelectorAll("input")) input.value = input.name === "line_quantity" ? "1" : "";
          this.total();
        } else if (event.target.closest("[data-add]")) {
          const row = this.querySelector("tbody tr:last-child").cloneNode(true);
          for (const input of row.querySelectorAll("input")) input.value = input.name === "line_quantity" ? "1" : "";
          this.querySelector("tbody").append(row);
          row.querySelector("input").focus();
          this.total();
        }
      }
      total() {
        const field = (name) => this.form.elements.namedItem(name)?.value;
        const currency = field("currency");
        const money = new Intl.NumberFormat(document.documentElement.lang || "en", { style: "currency", currency });
        let sum = 0;
        for (const row of this.querySelectorAll("tbody tr")) {
          const value = (name) => row.querySelector(`[name="line_${name}"]`).value;
          const quantity = Number(value("quantity").trim().replace(",", ".") || 1) || 0;
          const line = Math.round((quantity * read(value("price")) - read(value("discount"))) * 100) / 100;
          row.querySelector("output").value = value("price") || value("name") ? money.format(line) : "";
          if (value("price") || value("name") || value("sku")) sum += line;
        }
        sum += read(field("shipping")) + read(field("tax")) - read(field("discount"));
        this.querySelector("[data-total]").value = money.format(sum);
      }
    },
  );
})();
