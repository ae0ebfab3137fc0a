// What the folders promise: only `lib` talks to services, and components are given what they show.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const SOURCES = join(import.meta.dirname, "../src");
const NETWORK = /\bfetch\(|XMLHttpRequest|WebSocket|from "better-auth|from "openapi-fetch"/;
const STORAGE = /\b(local|session)Storage\b|\bindexedDB\b|document\.cookie/;
/** Types may come from anywhere. */
const ASKING =
  /^import (?!type ).*from "\.\.\/lib\/(auth|config|session|tabs|tasks|token|use-[\w-]+)"/m;

function sources(folder: string): [string, string][] {
  return readdirSync(join(SOURCES, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => [join(folder, file), readFileSync(join(SOURCES, folder, file), "utf8")]);
}

test("only lib talks to the network", () => {
  for (const folder of ["components", "routes"]) {
    for (const [file, text] of sources(folder)) expect(text, file).not.toMatch(NETWORK);
  }
});

test("components are given what they show", () => {
  for (const [file, text] of sources("components")) {
    expect(text.replaceAll(/\{[^}]*\}/g, "{}"), file).not.toMatch(ASKING);
  }
});

test("nothing is put into the browser's storage", () => {
  for (const [file, text] of sources(".")) expect(text, file).not.toMatch(STORAGE);
});

test("no file is longer than somebody wants to read", () => {
  for (const [file, text] of sources(".")) {
    if (file.endsWith(".d.ts")) continue;
    expect(text.split("\n").length, file).toBeLessThan(300);
    expect(text, file).toMatch(/^(\/\/ |\/\*\* )/);
  }
});
