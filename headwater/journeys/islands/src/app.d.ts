declare module "svelte/elements" {
  interface HTMLAttributes<T> {
    "hx-get"?: string;
    "hx-target"?: string;
    "hx-confirm"?: string;
    "hx-boost"?: string;
  }
}
export {};
