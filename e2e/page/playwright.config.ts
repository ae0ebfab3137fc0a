// How a browser is driven through the built page. Playwright's own waiting is all there is: nothing
// sleeps, and nothing is tried twice.
//
//     SERVICES       the folder with auth-service and task-service
//     TEST_CHROMIUM  another browser than /usr/bin/chromium

import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: {
    actionTimeout: 15_000,
    launchOptions: {
      executablePath: process.env.TEST_CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
