// A list of thousands of tasks is loaded page by page while the user scrolls.

import type { Page } from "@playwright/test";
import { haveManyTasks, member } from "../support/people";
import { expect, test } from "../support/test";

const COUNT = 5_000;
const PAGE_SIZE = 100;

test("a list of 5 000 tasks is loaded page by page and stays responsive", async ({
  page,
  context,
  system,
}) => {
  test.setTimeout(300_000);
  await member(context, system);
  await haveManyTasks(context, system, COUNT);
  const listings: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "GET" && request.url().includes("/api/tasks?")) {
      listings.push(request.url());
    }
  });

  await page.goto("/tasks");
  // Counting thousands of elements by role would take longer than rendering them.
  const items = page.locator("ul[aria-label=Tasks] > li");
  await expect(items).toHaveCount(PAGE_SIZE);
  expect(listings).toHaveLength(1);

  await scrollToEnd(page, COUNT);
  await expect(items).toHaveCount(COUNT);
  expect(listings).toHaveLength(COUNT / PAGE_SIZE);
  expect(new Set(await items.allTextContents()).size).toBe(COUNT);

  await page.evaluate(() => scrollTo(0, 0));
  expect(await quickness(page), "milliseconds until a tick shows").toBeLessThan(2_000);
  await expect(items.first().locator("input")).toBeChecked();

  await page.getByLabel("New task").fill("One more");
  await page.getByLabel("New task").press("Enter");
  await expect(items.first()).toHaveText("One more");
  await expect(items).toHaveCount(COUNT + 1);
});

/** Scrolls to the end repeatedly, until the list has `count` rows. */
function scrollToEnd(page: Page, count: number): Promise<void> {
  return page.evaluate(async (count) => {
    while (document.querySelectorAll("ul[aria-label=Tasks] > li").length < count) {
      scrollTo(0, document.body.scrollHeight);
      await new Promise(requestAnimationFrame);
    }
  }, count);
}

/** Returns the milliseconds from a click on the first row to the frame that shows the change. */
function quickness(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const box = document.querySelector<HTMLInputElement>("ul[aria-label=Tasks] input");
    const start = performance.now();
    box?.click();
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    return performance.now() - start;
  });
}
