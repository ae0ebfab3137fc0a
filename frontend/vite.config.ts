// Build, tests, and a development server in front of `cargo xtask up`.

import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { compress } from "./build/compress";
import { limitFirstLoad } from "./build/first-load";
import { serviceWorker } from "./build/service-worker";

const AUTH = process.env.AUTH_URL ?? "http://localhost:3000";
const TASKS = process.env.TASKS_URL ?? "http://localhost:8000";

/** Serves `config.json` in development, where the task API is proxied and has the app's origin. */
const config: Plugin = {
  name: "config",
  apply: "serve",
  configureServer(server) {
    server.middlewares.use("/config.json", (_request, response) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ tasksUrl: "", deletesTasks: true }));
    });
  },
};

export default defineConfig({
  plugins: [
    react(),
    tailwindcss(),
    config,
    limitFirstLoad({ "auth/pages/sign-in.tsx": 110_000, "tasks/pages/tasks.tsx": 140_000 }),
    serviceWorker(),
    compress(),
  ],
  // All supported browsers preload modules natively.
  build: {
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Saves 3 % of the compressed JavaScript, compared with esbuild.
    minify: "terser",
    // Very small chunks cost more in HTTP headers than they save.
    rollupOptions: { output: { experimentalMinChunkSize: 10_000 } },
  },
  server: {
    proxy: {
      // auth-service trusts its own origin, but not that of the development server.
      "/api/auth": { target: AUTH, headers: { origin: AUTH } },
      "/api/tasks": { target: TASKS },
    },
  },
  test: {
    include: ["tests/*.test.ts", "tests/components/*.test.tsx"],
    setupFiles: "tests/components/setup.ts",
    testTimeout: 60_000,
  },
});
