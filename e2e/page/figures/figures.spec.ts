// Measures the web app with a slow connection and processor, and with a long list.

import { join } from "node:path";
import { type Browser, expect, type Page, test } from "@playwright/test";
import { haveManyTasks, haveTasks, member } from "../support/people";
import { startSystem, type System } from "../support/services";

const ROUNDS = 5;
const PAGES = { "sign-in": "/auth/signin", tasks: "/tasks", settings: "/settings" };
const LINE = { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 93_750 };
const PROCESSOR_SLOWDOWN = 4;
const LONG_LIST = 5_000;
const CLICKS = 7;

/** Sizes in bytes and paint times in milliseconds of one page, loaded with an empty cache. */
interface Load {
  transfer: number;
  script: number;
  firstPaint: number;
  largestPaint: number;
}

test("loading each page", async ({ browser }) => {
  const versions = new Map([["this version", await startSystem()]]);
  const other = process.env.AGAINST;
  if (other) {
    const env = { WEB_ROOT: join(other, "frontend/dist") };
    versions.set("the other version", await startSystem(env, join(other, "target/release")));
  }
  const loads = new Map<string, Load[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [page, path] of Object.entries(PAGES)) {
      for (const [version, system] of versions) {
        const key = `${page}, ${version}`;
        loads.set(key, [...(loads.get(key) ?? []), await load(browser, system, path)]);
      }
    }
  }
  for (const system of versions.values()) await system.stop();

  console.log("| page | transfer | JavaScript | first paint | largest paint |\n|---|---:|---:|---:|---:|");
  for (const [key, rounds] of loads) {
    const of = (field: keyof Load) => median(rounds.map((load) => load[field]));
    const [transfer, script] = [of("transfer"), of("script")].map((bytes) => `${(bytes / 1e3).toFixed(1)} kB`);
    const [first, largest] = [of("firstPaint"), of("largestPaint")].map((ms) => `${(ms / 1e3).toFixed(2)} s`);
    console.log(`| ${key} | ${transfer} | ${script} | ${first} | ${largest} |`);
  }
});

test("a long list", async ({ page, context }) => {
  const system = await startSystem();
  await page.goto(system.url);
  await member(context, system);
  await haveManyTasks(context, system, LONG_LIST);
  await page.goto(`${system.url}/tasks`);
  const items = page.locator("ul[aria-label=Tasks] > li");
  await expect(async () => {
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    expect(await items.count()).toBe(LONG_LIST);
  }).toPass({ intervals: [20], timeout: 300_000 });
  await page.evaluate(() => scrollTo(0, 0));
  const clicks: number[] = [];
  for (let click = 0; click < CLICKS; click++) clicks.push(await millisecondsToTick(page, click));
  const heap = await heapInUse(page);
  await system.stop();

  console.log(`${LONG_LIST} tasks: ${(heap / 1e6).toFixed(0)} MB of heap; from a click to its frame:`);
  console.log(`${clicks.map((ms) => ms.toFixed(0)).join(", ")} ms, median ${median(clicks).toFixed(0)} ms`);
});

async function load(browser: Browser, system: System, path: string): Promise<Load> {
  const context = await browser.newContext();
  if (!path.startsWith("/auth")) {
    await member(context, system);
    await haveTasks(context, system, ["Buy milk", "Call Ada"]);
  }
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", LINE);
  await session.send("Emulation.setCPUThrottlingRate", { rate: PROCESSOR_SLOWDOWN });
  let transfer = 0;
  session.on("Network.loadingFinished", ({ encodedDataLength }) => {
    transfer += encodedDataLength;
  });
  await page.goto(system.url + path, { waitUntil: "networkidle" });
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  const seen = await page.evaluate(paints);
  await context.close();
  return { transfer, ...seen };
}

/**
 * Runs in the page. Returns the times of the first and the largest paint, and the compressed size
 * of all scripts.
 */
async function paints(): Promise<Omit<Load, "transfer">> {
  const resources = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
  const scripts = resources.filter(({ name }) => new URL(name).pathname.endsWith(".js"));
  const largestPaint = await new Promise<number>((done) => {
    new PerformanceObserver((list) => done(list.getEntries().at(-1)?.startTime ?? 0)).observe({
      type: "largest-contentful-paint",
      buffered: true,
    });
  });
  return {
    script: scripts.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
    firstPaint: performance.getEntriesByName("first-paint")[0]?.startTime ?? 0,
    largestPaint,
  };
}

/** Returns the milliseconds from a click on a checkbox to the frame that shows the change. */
function millisecondsToTick(page: Page, index: number): Promise<number> {
  return page.evaluate(async (index) => {
    const boxes = document.querySelectorAll<HTMLInputElement>("ul[aria-label=Tasks] input");
    const start = performance.now();
    boxes[index]?.click();
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    return performance.now() - start;
  }, index);
}

async function heapInUse(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  return (await session.send("Runtime.getHeapUsage")).usedSize;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
