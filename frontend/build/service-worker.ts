// Vite plugin that generates the service worker of a build: the code in `service-worker.js` with
// the list of files and a version.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

export function serviceWorker(): Plugin {
  let publicFolder = "";
  return {
    name: "service-worker",
    apply: "build",
    enforce: "post",
    configResolved({ publicDir }) {
      publicFolder = publicDir;
    },
    generateBundle(_options, bundle) {
      const hash = createHash("sha256");
      for (const [name, file] of Object.entries(bundle)) {
        hash.update(name).update(file.type === "chunk" ? file.code : file.source);
      }
      const fixed = readdirSync(publicFolder);
      for (const name of fixed) hash.update(readFileSync(join(publicFolder, name)));
      const built = Object.keys(bundle).filter((name) => name !== "index.html");
      const files = ["/", ...[...built, ...fixed].sort().map((name) => `/${name}`)];
      const version = JSON.stringify(hash.digest("hex").slice(0, 16));
      const code = readFileSync(join(import.meta.dirname, "service-worker.js"), "utf8");
      const source = code
        .replace("__VERSION__", version)
        .replace("__FILES__", JSON.stringify(files));
      this.emitFile({ type: "asset", fileName: "service-worker.js", source });
    },
  };
}
