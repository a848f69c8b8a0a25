// One classic script and one style sheet beside it, the same bytes from the same sources on every machine.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const HERE = import.meta.dirname;

/** Names of all sources, sorted; headwater/journeys/tests/test_islands.py makes the same list and the same hash. */
function sources() {
  const inside = (dir) =>
    readdirSync(join(HERE, dir), { withFileTypes: true }).flatMap((f) =>
      f.isDirectory() ? inside(`${dir}/${f.name}`) : [`${dir}/${f.name}`],
    );
  return [...inside("src"), "package.json", "package-lock.json", "svelte.config.js", "tsconfig.json", "vite.config.js"].sort();
}

function fingerprint() {
  const hash = createHash("sha256");
  for (const name of sources()) hash.update(`${name}\0`).update(readFileSync(join(HERE, name))).update("\0");
  return hash.digest("hex");
}

/** Says what it was built from. Svelte marks a wrapper with an inline style, which the content security policy forbids: canvas.css says the same. */
const finish = {
  name: "finish",
  generateBundle(_options, bundle) {
    for (const file of Object.values(bundle))
      if (file.type === "chunk") {
        file.code = `/* Built from headwater/journeys/islands (make islands); do not edit. sources ${fingerprint()} */\n${file.code}`;
        file.code = file.code.replaceAll(/(<svelte-css-wrapper) style=\\?"display: contents\\?"/g, "$1");
        if (/<[a-z-]+[^<>`]* style=\\?"/.test(file.code)) this.error("The bundle holds an inline style.");
      }
  },
};

export default defineConfig({
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  plugins: [svelte(), finish],
  build: {
    target: "es2022",
    outDir: process.env.ISLANDS_OUT || join(HERE, "../static/journeys"),
    emptyOutDir: false,
    lib: { entry: join(HERE, "src/main.ts"), formats: ["iife"], name: "hwCanvas", cssFileName: "canvas", fileName: () => "canvas.js" },
  },
});
