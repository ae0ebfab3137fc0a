// Copies the web app, changes the one line with the server's URL, builds the copy and serves it on
// a separate origin.

import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";

import { build, preview } from "vite";

const PROJECT = resolve(import.meta.dirname, "..");
const PARTS = ["index.html", "package.json", "src", "tsconfig.json", "vite.config.ts"];
const LINE = /^ {2}baseURL: ".*",$/m;

/**
 * Copies the web app and serves the copy even before it is built: the server under test needs the
 * origin, and `buildFor` needs the URL of that server. Returns
 * `{ folder, origin, buildFor, stop }`.
 */
export async function serveApp() {
  const folder = await mkdtemp(join(tmpdir(), "existing-app-"));
  for (const part of PARTS) await cp(join(PROJECT, part), join(folder, part), { recursive: true });
  await symlink(join(PROJECT, "node_modules"), join(folder, "node_modules"));
  await mkdir(join(folder, "dist"));
  const server = await preview({ root: folder, preview: { port: 0 } });
  return {
    folder,
    origin: `http://localhost:${server.httpServer.address().port}`,
    async buildFor(url) {
      const file = join(folder, "src/lib/auth-client.ts");
      const source = await readFile(file, "utf8");
      await writeFile(file, source.replace(LINE, `  baseURL: "${url}",`));
      await build({ root: folder, logLevel: "warn" });
    },
    async stop() {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Returns the lines that differ between two copies, each as `[file, line, other line]`. */
export async function differences(one, other) {
  const found = [];
  for (const file of new Set([...(await sources(one)), ...(await sources(other))])) {
    const [ones, others] = [await lines(one, file), await lines(other, file)];
    for (let i = 0; i < Math.max(ones.length, others.length); i += 1) {
      if (ones[i] !== others[i]) found.push([file, ones[i], others[i]]);
    }
  }
  return found;
}

async function sources({ folder }) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)))
    .filter((file) => !file.startsWith("dist/"));
}

async function lines({ folder }, file) {
  return (await readFile(join(folder, file), "utf8")).split("\n");
}
