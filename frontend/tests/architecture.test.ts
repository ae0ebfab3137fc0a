// Rules for source files: allowed imports, which files may use the network and storage, and length.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

const SOURCES = join(import.meta.dirname, "../src");
const NETWORK = /\bfetch\(|XMLHttpRequest|WebSocket|from "better-auth|from "openapi-fetch"/;
const STORAGE = /\b(local|session)Storage\b|\bindexedDB\b|idb-keyval|document\.cookie/;
const IMPORT = /(?:^import |^export |import\()(?:[^;"]*?from )?"(\.[^"]+)"/gm;

/** The folders that each folder may import from, in addition to itself. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  lib: [],
  components: ["lib"],
  "features/auth": ["lib", "components"],
  "features/tasks": ["lib", "components", "features/auth"],
  "features/settings": ["lib", "components", "features/auth"],
  app: ["lib", "components", "features/auth", "features/tasks", "features/settings"],
};

const sources = new Map(
  readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => [file, readFileSync(join(SOURCES, file), "utf8")]),
);

const folderOf = (file: string): string | undefined =>
  Object.keys(MAY_IMPORT).find((folder) => file.startsWith(`${folder}/`));

function importsOf(file: string): string[] {
  return [...(sources.get(file) ?? "").matchAll(IMPORT)].map(([, path = ""]) => {
    const target = normalize(join(dirname(file), path));
    const found = [".ts", ".tsx", ".d.ts"].map((end) => target + end);
    return found.find((name) => existsSync(join(SOURCES, name))) ?? target;
  });
}

test("folders import from those below them alone", () => {
  for (const file of sources.keys()) {
    const folder = folderOf(file);
    if (folder === undefined) continue;
    const allowed = [folder, ...(MAY_IMPORT[folder] ?? [])];
    for (const target of importsOf(file)) {
      expect(allowed, `${file} imports ${target}`).toContain(folderOf(target));
    }
  }
});

test("there are no import cycles", () => {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    expect(path, [...path, file].join(" → ")).not.toContain(file);
    if (done.has(file)) return;
    for (const target of importsOf(file)) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of sources.keys()) visit(file, []);
});

test("components are given what they show", () => {
  const asking = /\/(api|hooks)\//;
  for (const file of sources.keys()) {
    if (!file.includes("components/")) continue;
    const targets = importsOf(file).filter((target) => asking.test(target));
    const text = sources.get(file) ?? "";
    for (const target of targets) {
      const name = target.replace(/.*\//, "").replace(/\.tsx?$/, "");
      expect(text, `${file} imports more than types of ${target}`).toMatch(
        new RegExp(`^import type [^;]*/${name}";`, "m"),
      );
    }
  }
});

test("only the api folders and the configuration use the network", () => {
  for (const [file, text] of sources) {
    if (/\/api\/|^lib\/config\.ts$/.test(file)) continue;
    expect(text, file).not.toMatch(NETWORK);
  }
});

test("two modules store something in the browser", () => {
  for (const [file, text] of sources) {
    if (!/^lib\/(storage|setting)\.ts$/.test(file)) expect(text, file).not.toMatch(STORAGE);
  }
});

test("no file exceeds the length limit", () => {
  for (const [file, text] of sources) {
    // Types are generated, and the length of a catalog depends on the number of messages.
    if (file.endsWith(".d.ts") || file.includes("messages/")) continue;
    expect(text.split("\n").length, file).toBeLessThan(300);
    expect(text, file).toMatch(/^(\/\/ |\/\*\* )/);
  }
});
