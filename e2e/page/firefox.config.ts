// Runs a few tests in Firefox. Playwright can only drive a patched Firefox, so these tests use its
// runner, but drive an unmodified Firefox over WebDriver BiDi with Puppeteer.
//
//     SERVICES      folder with auth-service and task-service
//     TEST_FIREFOX  browser to use instead of /usr/bin/firefox-esr

import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "firefox",
  forbidOnly: true,
  retries: 0,
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
});
