// Unsaved text is kept, and messages about it are true, under unusual conditions, such as a clock
// that is set back, a browser that stores nothing, and unusual values.

import type { BrowserContext, Page } from "@playwright/test";
import { haveTasks, member, titlesOf, tokenOf } from "../support/people";
import type { System } from "../support/services";
import { expect, test } from "../support/test";

/** Makes the task service unreachable. Returns a function that makes it reachable again. */
async function cutOff(page: Page): Promise<() => Promise<void>> {
  await page.route("**/api/tasks**", (route) => route.abort());
  return () => page.unroute("**/api/tasks**");
}

/** Lets all further attempts to store a value fail, as on a full disk. */
async function fillDisk(page: Page): Promise<void> {
  await page.evaluate(() => {
    IDBObjectStore.prototype.put = () => {
      throw new DOMException("The disk is full.", "QuotaExceededError");
    };
  });
}

/** Creates a task with notes, and returns its id. */
async function haveNotes(context: BrowserContext, system: System, description: string): Promise<string> {
  const authorization = `Bearer ${await tokenOf(context, system)}`;
  const response = await fetch(`${system.tasks.url}/api/tasks`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ title: "Milk", description }),
  });
  return ((await response.json()) as { id: string }).id;
}

const notes = (page: Page) => page.getByLabel("Notes", { exact: true });

test("text typed after the clock was set back replaces the text of another tab", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await notes(page).fill("Two litres");
  const other = await context.newPage();
  await other.addInitScript(() => {
    const now = Date.now.bind(Date);
    Date.now = () => now() - 3_600_000;
  });
  await expect(async () => {
    await other.goto(`/tasks/${id}`);
    await expect(notes(other)).toHaveValue("Two litres", { timeout: 2_000 });
  }).toPass();
  await notes(other).fill("Three litres");
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await page.close();
  const next = await context.newPage();
  await next.goto(`/tasks/${id}`);
  await expect(notes(next)).toHaveValue("Three litres");
});

test("empty notes are not a conflict for restored text", async ({ page, context, system }) => {
  await member(context, system);
  const id = await haveNotes(context, system, "");
  await page.goto(`/tasks/${id}`);
  await notes(page).fill("Two litres");
  await page.reload();
  await expect(page.getByText("have been restored")).toBeVisible();
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Saved.")).toBeVisible();
});

test("unsaved text can be edited further without a network", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await notes(page).fill("Two litres");
  const reconnect = await cutOff(page);
  await page.reload();
  await expect(notes(page)).toHaveValue("Two litres");
  await expect(page.getByRole("checkbox", { name: "Done: Milk" })).toHaveCount(0);
  await notes(page).fill("Three litres");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Saved in this browser.")).toBeVisible();
  await reconnect();
  await expect(page.getByRole("checkbox", { name: "Done: Milk" })).toBeVisible();
  await expect(page.getByText("Not saved yet.")).toHaveCount(0);
  await page.reload();
  await expect(notes(page)).toHaveValue("Three litres");
});

test("a browser that stores nothing is not said to keep changes", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException("refused", "SecurityError");
    };
  });
  await page.goto(`/tasks/${id}`);
  await notes(page).fill("Two litres");
  await cutOff(page);
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Keep this tab open: it will be sent")).toBeVisible();
  await expect(page.getByText("Keep this tab open: changes to tasks")).toBeVisible();
  await expect(page.getByText("in this browser")).toHaveCount(0);
});

test("a browser that can no longer store changes is not said to keep them", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await notes(page).fill("Two litres");
  await cutOff(page);
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Changes to tasks are kept in this browser")).toBeVisible();
  await expect(page.getByText("Saved in this browser.")).toBeVisible();
  await page.getByRole("button", { name: "Close notice" }).click();

  await fillDisk(page);
  await page.getByRole("checkbox", { name: "Done: Milk" }).click();
  await expect(page.getByText("Keep this tab open: changes to tasks")).toBeVisible();
});

test("the page does not claim to keep a change for which the browser has no room", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await notes(page).fill("Two litres");
  await cutOff(page);
  await fillDisk(page);
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Keep this tab open: it will be sent")).toBeVisible();
  await expect(page.getByText("in this browser")).toHaveCount(0);
});

test("a browser whose database does not respond is not said to keep changes", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.addInitScript(() => {
    const open = IDBFactory.prototype.open;
    IDBFactory.prototype.open = function (...given) {
      const request = open.apply(this, given);
      for (const name of ["onsuccess", "onerror"]) Object.defineProperty(request, name, { set() {} });
      return request;
    };
  });
  await page.goto(`/tasks/${id}`);
  await notes(page).fill("Two litres");
  const reconnect = await cutOff(page);
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Keep this tab open: it will be sent")).toBeVisible();
  await expect(page.getByText("Keep this tab open: changes to tasks")).toBeVisible();
  await reconnect();
  await expect(page.getByText("Not saved yet.")).toHaveCount(0);
});

test("a search and a name have as many characters as the services handle", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  await page.getByLabel("Search tasks").fill("😀".repeat(256));
  await expect(page.getByText("Nothing found")).toBeVisible();
  await expect(page.getByLabel("Search tasks")).toHaveValue("😀".repeat(255));
  await page.goto(`/tasks?q=${"x".repeat(300)}%00`);
  await expect(page.getByText("Nothing found")).toBeVisible();

  await page.goto("/settings");
  await page.getByLabel("Name", { exact: true }).fill("x".repeat(257));
  await page.getByRole("button", { name: "Save name" }).click();
  await expect(page.getByText("Use at most 256 characters, not 257.")).toBeVisible();
});

test("a title with line breaks and spaces changes only when it is edited", async ({ page, context, system }) => {
  await member(context, system);
  const title = " Milk\nand  bread ";
  const [id = ""] = await haveTasks(context, system, [title]);
  await page.goto("/tasks");
  await page.getByRole("button", { name: "Edit Milk and bread" }).click();
  await expect(page.getByLabel("Title", { exact: true })).toHaveValue(" Milk and  bread ");
  await page.getByLabel("Title", { exact: true }).press("Enter");
  await expect(page.getByText("Not sent yet")).toHaveCount(0);
  await page.getByRole("link", { name: "Open Milk and bread" }).click();
  await notes(page).fill("Two litres");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Saved.")).toBeVisible();
  expect(await titlesOf(context, system)).toEqual([title]);
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Title", { exact: true }).fill("Milk");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Saved.")).toBeVisible();
  expect(await titlesOf(context, system)).toEqual(["Milk"]);
});
