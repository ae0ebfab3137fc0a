// What every test has: a system that the tests of a worker share, and pages without errors.

import { test as base } from "@playwright/test";
import { startSystem, type System } from "./services";

interface Fixtures {
  errors: string[];
}

export const test = base.extend<Fixtures, { system: System }>({
  system: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads what is needed from the pattern
    async ({}, use) => {
      const system = await startSystem();
      await use(system);
      await system.stop();
    },
    { scope: "worker" },
  ],
  baseURL: async ({ system }, use) => await use(system.url),
  errors: [
    async ({ context }, use) => {
      const errors: string[] = [];
      context.on("weberror", (error) => errors.push(error.error().message));
      context.on("console", (message) => {
        // The browser says so of every refused request; what it refuses itself must not happen.
        const isRefusal = message.text().startsWith("Failed to load resource");
        if (message.type() === "error" && !isRefusal) errors.push(message.text());
      });
      await use(errors);
      test.expect(errors).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect } from "@playwright/test";
