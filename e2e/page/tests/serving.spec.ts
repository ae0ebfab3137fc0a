// Delivery of the web app: compression, code splitting, an early first paint, missing files,
// installation and offline startup.

import { once } from "node:events";
import { createServer } from "node:http";
import { haveTasks, member, rows } from "../support/people";
import { startSystem } from "../support/services";
import { expect, test } from "../support/test";

test("scripts, styles and the page are compressed", async ({ page }) => {
  const encodings = new Map<string, string | undefined>();
  page.on("response", (response) => {
    const kind = response.request().resourceType();
    if (["document", "script", "stylesheet"].includes(kind)) {
      encodings.set(response.url(), response.headers()["content-encoding"]);
    }
  });
  await page.goto("/auth/signin");
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  expect(encodings.size).toBeGreaterThan(3);
  const plain = [...encodings].filter(([, encoding]) => !["br", "gzip"].includes(encoding ?? ""));
  // Only files smaller than 1000 bytes may be uncompressed.
  for (const [url] of plain) expect((await page.request.get(url)).headers()["content-length"]?.length).toBeLessThan(4);
});

test("a page loads only its own code", async ({ page }) => {
  const scripts: string[] = [];
  page.on("request", (request) => {
    if (request.resourceType() === "script") scripts.push(request.url());
  });
  await page.goto("/auth/signin");
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  expect(scripts.filter((url) => /\/(tasks|settings|members)/.test(url))).toEqual([]);
});

test("something is visible before the script is loaded", async ({ page }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/assets/*.js", async (route) => {
    await held;
    await route.fallback();
  });
  await page.goto("/auth/signin", { waitUntil: "commit" });
  await expect(page.getByText("Loading…")).toBeVisible();
  await page.screenshot({ path: "screenshots/before-script.png" });
  release();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await expect(page.getByText("Loading…")).toHaveCount(0);
});

test("missing files and unknown endpoints are not found", async ({ page, system }) => {
  for (const path of ["/favicon.ico", "/robots.txt", "/wp-login.php", "/api/unknown"]) {
    const response = await page.request.get(path, { headers: { accept: "text/html" } });
    expect(response.status(), path).toBe(404);
    expect(await response.json(), path).toMatchObject({ code: "NOT_FOUND" });
  }
  expect((await page.request.head("/tasks")).status()).toBe(200);
  await page.goto(`${system.url}/no/such/page`);
  await expect(page.getByRole("heading", { name: "There is no such page" })).toBeVisible();
});

test("the web app can be installed", async ({ page }) => {
  await page.goto("/auth/signin");
  const manifest = await page.locator("link[rel=manifest]").getAttribute("href");
  const response = await page.request.get(manifest ?? "");
  expect(response.headers()["content-type"]).toContain("manifest+json");
  const { icons, start_url } = (await response.json()) as {
    icons: { src: string; type: string }[];
    start_url: string;
  };
  expect(start_url).toBe("/tasks");
  const touch = await page.locator("link[rel=apple-touch-icon]").getAttribute("href");
  for (const { src, type } of [...icons, { src: touch ?? "", type: "image/png" }]) {
    const icon = await page.request.get(src);
    expect([icon.status(), icon.headers()["content-type"]], src).toEqual([200, type]);
  }
});

test.describe("with a service worker", () => {
  test.use({ serviceWorkers: "allow" });

  test("the web app starts without a network and keeps no response of the services", async ({
    page,
    context,
  }) => {
    const system = await startSystem();
    try {
      await member(context, system);
      await haveTasks(context, system, ["Milk"]);
      await page.goto(`${system.url}/tasks`);
      await expect(rows(page)).toHaveText(["Milk"]);
      await page.evaluate(async () => void (await navigator.serviceWorker.ready));
      await page.reload();
      await expect(rows(page)).toHaveText(["Milk"]);

      await system.auth.stop();
      await system.tasks.stop();
      await page.reload();
      await expect(page.getByRole("heading", { name: "The service cannot be reached" })).toBeVisible();
      await page.screenshot({ path: "screenshots/offline-start.png" });
      const kept = await page.evaluate(async () => {
        const caches_ = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
        const requests = await Promise.all(caches_.map((cache) => cache.keys()));
        return requests.flat().map(({ url }) => new URL(url).pathname);
      });
      expect(kept.filter((path) => path.startsWith("/api/") || path.startsWith("/tasks"))).toEqual([]);
      expect(kept).toContain("/");

      await system.auth.start();
      await system.tasks.start();
      await expect(rows(page)).toHaveText(["Milk"]);
    } finally {
      await system.stop();
    }
  });

  test("a response of a proxy does not replace the kept settings", async ({ page, context }) => {
    const system = await startSystem();
    const proxy = createServer((_request, response) => response.end("<p>Welcome to the network</p>"));
    try {
      await member(context, system);
      await page.goto(`${system.url}/tasks`);
      await page.evaluate(async () => void (await navigator.serviceWorker.ready));
      await page.reload();
      await expect(page.getByText("Nothing to do yet")).toBeVisible();
      await system.auth.stop();
      proxy.listen(Number(new URL(system.url).port), "localhost");
      await once(proxy, "listening");
      const [received, kept] = await page.evaluate(async () => {
        const response = await fetch("/config.json");
        return [await response.text(), await (await caches.match("/config.json"))?.text()];
      });
      expect(received).toContain("Welcome");
      expect(JSON.parse(kept ?? "")).toEqual({ tasksUrl: system.tasks.url, deletesTasks: true });
    } finally {
      proxy.close();
      await system.stop();
    }
  });
});
