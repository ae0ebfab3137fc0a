// Fixtures: a system that a worker's tests share, and a check that pages log no errors.

import { test as base } from "@playwright/test";
import { startSystem, type System } from "./services";

interface Fixtures {
  errors: string[];
}

export const test = base.extend<Fixtures, { system: System }>({
  system: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the required fixtures from the pattern
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
        // Browsers log error responses and failed requests. Such messages are expected; any other
        // error fails the test.
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
