// Measures how fast the web app loads and how it copes with a long list: `npm run figures`. These
// are not tests, because the times depend on the machine.
//
//     AGAINST  path of another version's checkout, with built services and a built web app; both
//              versions are measured alternately

import { defineConfig } from "@playwright/test";
import tests from "./playwright.config";

export default defineConfig({
  ...tests,
  testDir: "figures",
  workers: 1,
  timeout: 900_000,
});
