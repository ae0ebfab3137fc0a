// Vite plugin that fails a build if the JavaScript of a page exceeds its limit.

import { brotliCompressSync } from "node:zlib";
import type { Plugin, Rollup } from "vite";

/**
 * Maximum compressed size in bytes of each page's JavaScript. A key is the end of the path of the
 * page's module.
 */
export type Limits = Record<string, number>;

export function limitFirstLoad(limits: Limits): Plugin {
  return {
    name: "limit-first-load",
    apply: "build",
    generateBundle(_options, bundle) {
      for (const [page, limit] of Object.entries(limits)) {
        const size = firstLoad(bundle, page);
        const message = `${page}: ${(size / 1000).toFixed(1)} kB of JavaScript (brotli)`;
        if (size > limit) this.error(`${message}, more than ${limit / 1000} kB`);
        this.info(message);
      }
    },
  };
}

/**
 * Returns the compressed size in bytes of the entry, the chunk of a page, and their static imports.
 */
function firstLoad(bundle: Rollup.OutputBundle, page: string): number {
  const needed = new Set<Rollup.OutputChunk>();
  const add = (chunk: Rollup.OutputAsset | Rollup.OutputChunk | undefined) => {
    if (chunk?.type !== "chunk" || needed.has(chunk)) return;
    needed.add(chunk);
    for (const name of chunk.imports) add(bundle[name]);
  };
  for (const chunk of Object.values(bundle)) {
    if (chunk.type !== "chunk") continue;
    if (chunk.isEntry || chunk.moduleIds.some((id) => id.endsWith(page))) add(chunk);
  }
  return [...needed].reduce((sum, { code }) => sum + brotliCompressSync(code).length, 0);
}
