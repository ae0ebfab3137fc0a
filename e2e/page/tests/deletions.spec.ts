// Deletions: undoing them, sending them when another tab signs out or is closed, and changing tasks
// that were deleted elsewhere.

import type { BrowserContext, Page } from "@playwright/test";
import { haveTasks, member, openList, rows, signIn, signInHere, tick, titlesOf, tokenOf } from "../support/people";
import type { System } from "../support/services";
import { expect, test } from "../support/test";

/**
 * Makes delete requests from all tabs fail as if the network were down, until the returned function
 * is called.
 */
async function refuseDeletions(context: BrowserContext): Promise<() => Promise<void>> {
  await context.route("**/api/tasks/*", (route) =>
    route.request().method() === "DELETE" ? route.abort() : route.fallback(),
  );
  return () => context.unroute("**/api/tasks/*");
}

async function openTabs(context: BrowserContext, page: Page, count: number): Promise<Page> {
  const other = await context.newPage();
  for (const tab of [page, other]) {
    await tab.goto("/tasks");
    await expect(rows(tab)).toHaveCount(count);
  }
  return other;
}

async function signOut(page: Page) {
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
}

async function titlesAfterSigningIn(context: BrowserContext, system: System, email: string) {
  await signIn(context, system, email);
  return await titlesOf(context, system);
}

test("signing out in another tab makes a deletion final", async ({ page, context, system }) => {
  const { email } = await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread"]);
  const other = await openTabs(context, page, 2);
  await page.getByRole("button", { name: "Delete Milk" }).click();
  await expect(page.getByRole("button", { name: "Undo" })).toBeVisible();
  await signOut(other);
  expect(await titlesAfterSigningIn(context, system, email)).toEqual(["Bread"]);
});

test("an undone deletion stays undone after signing out in another tab", async ({
  page,
  context,
  system,
}) => {
  const { email } = await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread"]);
  const other = await openTabs(context, page, 2);
  await page.getByRole("button", { name: "Delete Milk" }).click();
  await page.getByRole("button", { name: "Undo" }).click();
  await signOut(other);
  await expect(page.getByText("You were signed out.")).toBeVisible();
  await signInHere(page, email);
  await expect(rows(page)).toHaveText(["Bread", "Milk"]);
});

test("an undone deletion stays undone although the page is closed at once", async ({ page, context, system }) => {
  const { email } = await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  await openList(page);
  await page.getByRole("button", { name: "Delete Milk" }).click();
  await page.evaluate(() => {
    // Called after the listeners of the web app.
    window.addEventListener("click", () => {
      console.log("clicked");
      for (const end = Date.now() + 5_000; Date.now() < end; );
    });
  });
  const clicked = page.waitForEvent("console", (message) => message.text() === "clicked");
  const clicking = page.getByRole("button", { name: "Undo" }).click().catch(() => undefined);
  await clicked;
  await page.close();
  await clicking;
  const next = await context.newPage();
  await openList(next);
  // This sends the deletions of all tabs.
  await signOut(next);
  expect(await titlesAfterSigningIn(context, system, email)).toEqual(["Milk"]);
});

test("an undone deletion stays undone in a browser without locks", async ({ page, context, system }) => {
  await context.addInitScript(() => Object.defineProperty(navigator, "locks", { value: undefined }));
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  await page.getByRole("button", { name: "Delete Milk" }).click();
  const other = await context.newPage();
  await other.goto("/tasks");
  await expect(rows(other)).toHaveText(["Milk"]);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(rows(page)).toHaveText(["Milk"]);
  await other.reload();
  await expect(rows(other)).toHaveText(["Milk"]);
});

test("signing out asks about a deletion of another tab that cannot be sent", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread"]);
  const other = await openTabs(context, page, 2);
  const accept = await refuseDeletions(context);
  await page.getByRole("button", { name: "Delete Milk" }).click();
  await other.getByRole("button", { name: "Sign out" }).click();
  await expect(other.getByText("Sign out and lose unsent changes?")).toBeVisible();
  await expect(page.getByRole("button", { name: "Undo" })).toHaveCount(0);
  await other.getByRole("button", { name: "Stay signed in" }).click();
  await accept();
  await expect.poll(() => titlesOf(context, system)).toEqual(["Bread"]);
  await signOut(other);
});

test("signing out sends all of many deletions", async ({ page, context, system }) => {
  const { email } = await member(context, system);
  const titles = Array.from({ length: 12 }, (_, index) => `Task ${index}`);
  await haveTasks(context, system, [...titles, "Milk"]);
  await page.goto("/tasks");
  for (const title of titles) await tick(page, title).check();
  await page.getByRole("link", { name: "Done", exact: true }).click();
  await page.getByRole("button", { name: "Delete done tasks" }).click();
  await expect(page.getByText("Deleted 12 done tasks.")).toBeVisible();
  await signOut(page);
  expect(await titlesAfterSigningIn(context, system, email)).toEqual(["Milk"]);
});

test("an open tab sends the deletion of one that was closed", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread"]);
  const other = await openTabs(context, page, 2);
  const accept = await refuseDeletions(context);
  await other.getByRole("button", { name: "Delete Milk" }).click();
  await expect(other.getByRole("button", { name: "Undo" })).toBeVisible();
  await other.close();
  await expect(rows(page)).toHaveText(["Bread"]);
  await accept();
  await expect.poll(() => titlesOf(context, system)).toEqual(["Bread"]);
});

test("a deletion that was pending when the session ended is sent after signing in", async ({
  page,
  context,
  system,
}) => {
  const { email } = await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread"]);
  await page.goto("/tasks");
  await page.getByRole("button", { name: "Delete Milk" }).click();
  await expect(page.getByRole("button", { name: "Undo" })).toBeVisible();
  await context.request.post(`${system.url}/api/auth/revoke-sessions`, {
    headers: { origin: system.url },
    data: {},
  });
  await page.reload();
  await signInHere(page, email);
  await expect(rows(page)).toHaveText(["Bread"]);
  await expect.poll(() => titlesOf(context, system)).toEqual(["Bread"]);
});

test("undoing a deletion also restores unsaved text", async ({ page, context, system }) => {
  await member(context, system);
  const [id] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Notes").fill("Two litres");
  await page.getByRole("button", { name: "Delete task" }).click();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("link", { name: "Open Milk" }).click();
  await expect(page.getByText("Your unsaved changes have been restored.")).toBeVisible();
  await expect(page.getByLabel("Notes")).toHaveValue("Two litres");
});

test("undoing a deletion restores unsaved text although the list is still being loaded", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  const [id] = await haveTasks(context, system, ["Milk"]);
  let load = () => {};
  const isTime = new Promise<void>((resolve) => {
    load = resolve;
  });
  await page.route("**/assets/tasks-*.js", async (route) => {
    await isTime;
    await route.fallback();
  });
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Notes").fill("Two litres");
  await page.getByRole("button", { name: "Delete task" }).click();
  await expect(page.getByText("This task has been deleted")).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByLabel("Notes")).toHaveValue("Two litres");
  load();
  await page.getByRole("link", { name: "Continue editing Milk" }).click();
  await expect(page.getByLabel("Notes")).toHaveValue("Two litres");
});

test("a change of a task that was deleted elsewhere stays visible, and is added as a new task", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  const [id] = await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  await expect(rows(page)).toHaveText(["Milk"]);
  const authorization = `Bearer ${await tokenOf(context, system)}`;
  await fetch(`${system.tasks.url}/api/tasks/${id}`, { method: "DELETE", headers: { authorization } });
  await page.getByRole("button", { name: "Edit Milk" }).click();
  await page.getByLabel("Title", { exact: true }).fill("Oat milk");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Not saved.")).toBeVisible();
  await page.reload();
  await expect(rows(page)).toContainText(["Oat milk"]);
  await page.getByRole("button", { name: "Add as a new task" }).click();
  await expect.poll(() => titlesOf(context, system)).toEqual(["Oat milk"]);
});

/** Changes a task as another device of the same user would. */
async function changeElsewhere(context: BrowserContext, system: System, id: string, change: object) {
  const authorization = `Bearer ${await tokenOf(context, system)}`;
  const response = await fetch(`${system.tasks.url}/api/tasks/${id}`, {
    method: "PATCH",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify(change),
  });
  expect(response.ok).toBe(true);
}

const writeElsewhere = (context: BrowserContext, system: System, id: string, description = "Written elsewhere") =>
  changeElsewhere(context, system, id, { description });

test("text that was written elsewhere is not deleted silently", async ({ page, context, system }) => {
  await member(context, system);
  const [milk = "", bread = ""] = await haveTasks(context, system, ["Milk", "Bread"]);
  await page.goto("/tasks");
  const open = await refuseDeletions(context);
  for (const title of ["Milk", "Bread"]) {
    await page.getByRole("button", { name: `Delete ${title}` }).click();
    await page.getByRole("button", { name: "Close notice" }).click();
  }
  await writeElsewhere(context, system, milk);
  await writeElsewhere(context, system, bread);
  await open();
  await expect(page.getByText("Not deleted. The task was changed elsewhere.")).toHaveCount(2);
  await expect(rows(page).getByText("Written elsewhere")).toHaveCount(2);
  await rows(page).filter({ hasText: "Milk" }).getByRole("button", { name: "Keep the task" }).click();
  await rows(page).filter({ hasText: "Bread" }).getByRole("button", { name: "Delete anyway" }).click();
  await expect.poll(() => titlesOf(context, system)).toEqual(["Milk"]);
  await expect(rows(page)).toHaveText(["Milk"]);
});

test("closing the page does not delete text that was written elsewhere", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  const isChecked = page.waitForResponse(`**/api/tasks/${id}`);
  await page.getByRole("button", { name: "Delete Milk" }).click();
  await isChecked;
  await writeElsewhere(context, system, id);
  await page.goto("/robots.txt");
  await page.goto("/tasks");
  await expect(page.getByText("Not deleted. The task was changed elsewhere.")).toBeVisible();
  expect(await titlesOf(context, system)).toEqual(["Milk"]);
});

test("a task with an unsent change of its own is deleted without a question", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  await expect(rows(page)).toHaveText(["Milk"]);
  await context.setOffline(true);
  await page.getByRole("button", { name: "Edit Milk" }).click();
  await page.keyboard.type(" and bread");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Delete Milk and bread" }).click();
  await page.getByRole("button", { name: "Close notice" }).click();
  await context.setOffline(false);
  await expect.poll(() => titlesOf(context, system)).toEqual([]);
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
});

test("a deletion that was confirmed does not destroy text that was written after that", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  const isChecked = page.waitForResponse(`**/api/tasks/${id}`);
  await page.getByRole("button", { name: "Delete Milk" }).click();
  await isChecked;
  await writeElsewhere(context, system, id, "First text");
  await page.getByRole("button", { name: "Close notice" }).click();
  await expect(rows(page)).toContainText("First text");
  await writeElsewhere(context, system, id, "Second text");
  await page.getByRole("button", { name: "Delete anyway" }).click();
  await expect(rows(page)).toContainText("Second text");
  expect(await titlesOf(context, system)).toEqual(["Milk"]);
  await page.getByRole("button", { name: "Delete anyway" }).click();
  await expect.poll(() => titlesOf(context, system)).toEqual([]);
});

test("a task that was ticked elsewhere is deleted without a question", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  const isChecked = page.waitForResponse(`**/api/tasks/${id}`);
  await page.getByRole("button", { name: "Delete Milk" }).click();
  await isChecked;
  await changeElsewhere(context, system, id, { completed: true });
  await page.getByRole("button", { name: "Close notice" }).click();
  await expect.poll(() => titlesOf(context, system)).toEqual([]);
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
});
