// Fails a build whose page needs more JavaScript before it shows anything than people should wait for.

import { gzipSync } from "node:zlib";
import type { Plugin, Rollup } from "vite";

export function limitFirstLoad(limit: number): Plugin {
  return {
    name: "limit-first-load",
    apply: "build",
    generateBundle(_options, bundle) {
      const size = firstLoad(bundle);
      const told = `${(size / 1000).toFixed(1)} kB of JavaScript (gzip) before the page shows`;
      if (size > limit) this.error(`${told}, more than ${limit / 1000} kB`);
      this.info(told);
    },
  };
}

/** The entries and what they import at once, compressed, in bytes. */
function firstLoad(bundle: Rollup.OutputBundle): number {
  const needed = new Set<string>();
  const add = (name: string) => {
    const chunk = bundle[name];
    if (needed.has(name) || chunk?.type !== "chunk") return;
    needed.add(name);
    chunk.imports.forEach(add);
  };
  for (const [name, chunk] of Object.entries(bundle)) {
    if (chunk.type === "chunk" && chunk.isEntry) add(name);
  }
  return [...needed].reduce((sum, name) => {
    const chunk = bundle[name];
    return sum + (chunk?.type === "chunk" ? gzipSync(chunk.code).length : 0);
  }, 0);
}
