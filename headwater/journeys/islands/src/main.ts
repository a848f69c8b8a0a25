// <hw-journey data-boot="ID of the json_script">: the editor of one journey.
import { mount, unmount } from "svelte";
import App from "./App.svelte";
import "./canvas.css";
import type { Boot } from "./types";

class Journey extends HTMLElement {
  private app: Record<string, any> | null = null;

  connectedCallback(): void {
    if (this.app) return;
    const data = document.getElementById(this.dataset.boot ?? "");
    if (!data) return;
    const boot: Boot = JSON.parse(data.textContent ?? "");
    this.replaceChildren();
    this.app = mount(App, { target: this, props: { boot, host: this } });
  }

  disconnectedCallback(): void {
    if (this.app) void unmount(this.app);
    this.app = null;
  }
}

if (!customElements.get("hw-journey")) customElements.define("hw-journey", Journey);
