// Runs the built web app in a browser. Tests rely on Playwright's own waiting: no sleeps, no
// retries.
//
//     SERVICES       folder with auth-service and task-service
//     TEST_CHROMIUM  browser to use instead of /usr/bin/chromium

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
    // Playwright does not intercept the requests of service workers, so they are only allowed in
    // tests that need them.
    serviceWorkers: "block",
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
