// How the page is built, tested and, in development, served in front of `cargo xtask up`.

import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { limitFirstLoad } from "./build/first-load";

const AUTH = process.env.AUTH_URL ?? "http://localhost:3000";
const TASKS = process.env.TASKS_URL ?? "http://localhost:8000";

/** In development the tasks are behind the proxy, too: on the page's own origin. */
const config: Plugin = {
  name: "config",
  apply: "serve",
  configureServer(server) {
    server.middlewares.use("/config.json", (_request, response) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ tasksUrl: "" }));
    });
  },
};

export default defineConfig({
  plugins: [react(), tailwindcss(), config, limitFirstLoad(150_000)],
  build: { assetsInlineLimit: 0 },
  server: {
    proxy: {
      // The service trusts its own origin, and not that of a development server.
      "/api/auth": { target: AUTH, headers: { origin: AUTH } },
      "/api/tasks": { target: TASKS },
    },
  },
  test: { include: ["tests/*.test.ts"] },
});
