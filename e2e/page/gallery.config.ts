// Takes screenshots of all pages for visual review: `npm run gallery`. Too slow for CI.

import { defineConfig } from "@playwright/test";
import tests from "./playwright.config";

export default defineConfig({
  ...tests,
  testDir: "gallery",
  timeout: 300_000,
  use: { ...tests.use, locale: "de-DE", reducedMotion: "reduce" },
});
