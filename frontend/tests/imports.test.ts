// @vitest-environment jsdom
// Importing a module starts nothing: no request, no listener, no lock and no channel.

import { expect, test, vi } from "vitest";

const modules = import.meta.glob(["../src/**/*.{ts,tsx}", "!../src/main.tsx"]);

test("importing a module starts nothing", async () => {
  const started: string[] = [];
  const watch = (name: string) => (first: unknown) => {
    started.push(`${name} ${String(first)}`);
  };
  vi.stubGlobal("fetch", watch("fetch"));
  vi.stubGlobal(
    "BroadcastChannel",
    class {
      constructor(name: string) {
        watch("BroadcastChannel")(name);
      }
    },
  );
  vi.stubGlobal("navigator", { locks: { request: watch("lock") }, languages: ["en"] });
  vi.spyOn(window, "addEventListener").mockImplementation(watch("window"));
  vi.spyOn(document, "addEventListener").mockImplementation(watch("document"));
  vi.spyOn(globalThis, "setInterval").mockImplementation(watch("interval") as never);
  for (const [file, load] of Object.entries(modules)) {
    await load();
    expect(started, file).toEqual([]);
  }
});
