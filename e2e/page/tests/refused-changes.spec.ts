// A change is refused, and the user changes the same task again: the newer text wins, and the app
// does not blame another device for the user's own changes.

import type { Page } from "@playwright/test";
import { addTask, haveTasks, member, rowOf, rows, tick, titlesOf, tokenOf } from "../support/people";
import type { System } from "../support/services";
import { expect, test } from "../support/test";

/** Makes the next request for a single task with this method fail with this status. */
async function refuseNext(page: Page, { url }: System, method: string, status: number) {
  let isDone = false;
  await page.route("**/api/tasks/**", async (route) => {
    if (isDone || route.request().method() !== method) return await route.fallback();
    isDone = true;
    await route.fulfill({ status, headers: { "access-control-allow-origin": url }, body: "{}" });
  });
}

async function rename(page: Page, title: string, added: string) {
  await page.getByRole("button", { name: `Edit ${title}` }).click();
  await page.keyboard.type(added);
  await page.keyboard.press("Enter");
}

test("another title replaces one that was refused", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  await refuseNext(page, system, "PATCH", 500);
  await rename(page, "Milk", " and bread");
  await expect(page.getByText("Not saved.")).toBeVisible();
  await rename(page, "Milk and bread", " and eggs");
  await expect.poll(() => titlesOf(context, system)).toEqual(["Milk and bread and eggs"]);
  await expect(rows(page)).toHaveText(["Milk and bread and eggs"]);
});

test("the editor replaces a title that was refused in the list", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  await refuseNext(page, system, "PATCH", 500);
  await rename(page, "Milk", " and bread");
  await expect(page.getByText("Not saved.")).toBeVisible();
  await page.getByRole("link", { name: "Open Milk and bread" }).click();
  await refuseNext(page, system, "PATCH", 500);
  await page.getByLabel("Title").fill("Milk and eggs");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByRole("alert")).toContainText("could not complete the request");
  await page.getByLabel("Title").fill("Milk and bread");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Saved.", { exact: true })).toBeVisible();
  expect(await titlesOf(context, system)).toEqual(["Milk and bread"]);
  await expect(page.getByText("Not saved")).toHaveCount(0);
});

test("older notes in a conflict do not replace newer ones", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  const authorization = `Bearer ${await tokenOf(context, system)}`;
  const url = `${system.tasks.url}/api/tasks/${id}`;
  await page.goto(`/tasks/${id}`);
  await refuseNext(page, system, "PATCH", 503);
  await page.getByLabel("Notes").fill("One");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Saved in this browser")).toBeVisible();
  await fetch(url, {
    method: "PATCH",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ description: "Theirs" }),
  });
  await page.getByLabel("Notes").fill("One and two");
  await page.getByRole("button", { name: "Save changes" }).click();
  await page.getByRole("button", { name: "Save mine instead" }).click();
  await expect(page.getByText("Saved.", { exact: true })).toBeVisible();
  await expect(page.getByText("Not saved")).toHaveCount(0);
  await page.getByRole("link", { name: "All tasks" }).click();
  await expect(rows(page)).toHaveText(["Milk"]);
  await page.getByRole("link", { name: "Open Milk" }).click();
  await expect(page.getByLabel("Notes")).toHaveValue("One and two");
  const stored = await fetch(url, { headers: { authorization } });
  expect(await stored.json()).toMatchObject({ description: "One and two" });
});

test("a tick that was refused is taken back", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  await refuseNext(page, system, "PATCH", 500);
  await tick(page, "Milk").click();
  await expect(page.getByText("Not saved.")).toBeVisible();
  await tick(page, "Milk").click();
  await expect(rows(page)).toHaveText(["Milk"]);
  await expect(tick(page, "Milk")).not.toBeChecked();
});

test("a deleted task does not come back with a change that was refused", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  await refuseNext(page, system, "PATCH", 500);
  await rename(page, "Milk", " and bread");
  await expect(page.getByText("Not saved.")).toBeVisible();
  await page.getByRole("button", { name: "Delete Milk and bread" }).click();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByText("Not saved.")).toBeVisible();
  await page.getByRole("button", { name: "Delete Milk and bread" }).click();
  await page.getByRole("button", { name: "Close notice" }).click();
  await expect.poll(() => titlesOf(context, system)).toEqual([]);
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
});

test("a task that was deleted before its creation was confirmed is not shown as saved", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await page.goto("/tasks");
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
  let isLost = true;
  await page.route("**/api/tasks", async (route) => {
    if (route.request().method() !== "POST" || !isLost) return await route.fallback();
    await route.fetch();
    await route.abort();
  });
  await addTask(page, "Milk");
  await expect(page.getByText("Not saved yet.")).toBeVisible();
  await page.getByRole("link", { name: "Open", exact: true }).click();
  await page.getByRole("button", { name: "Delete Milk" }).click();
  await page.getByRole("button", { name: "Close notice" }).click();
  await expect.poll(() => titlesOf(context, system)).toEqual([]);
  isLost = false;
  await page.getByRole("button", { name: "Add as a new task" }).click();
  await expect(page.getByRole("link", { name: "Open Milk" })).toBeVisible();
  expect(await titlesOf(context, system)).toEqual(["Milk"]);
});

test("a refused change of an open task is not counted as a done task", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread"]);
  await page.goto("/tasks");
  const ticked = page.waitForResponse((response) => response.request().method() === "PATCH");
  await tick(page, "Milk").click();
  await (await ticked).finished();
  await refuseNext(page, system, "PATCH", 500);
  await rename(page, "Bread", " and rye");
  await expect(page.getByText("Not saved.")).toBeVisible();
  await page.getByRole("link", { name: "Done", exact: true }).click();
  await expect(page.getByText("1 done task", { exact: true })).toBeVisible();
  await expect(rows(page)).toContainText(["Bread and rye", "Milk"]);
});

test("text that cannot be saved because its task was deleted becomes a new task", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Notes").fill("Two litres");
  const authorization = `Bearer ${await tokenOf(context, system)}`;
  await fetch(`${system.tasks.url}/api/tasks/${id}`, { method: "DELETE", headers: { authorization } });
  await page.getByRole("button", { name: "Save changes" }).click();
  await page.getByRole("button", { name: "Add as a new task" }).click();
  await page.getByRole("link", { name: "Open Milk" }).click();
  await expect(page.getByLabel("Notes")).toHaveValue("Two litres");
});

test("a task that was ticked and is not loaded keeps its title after it was deleted elsewhere", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk", "Bread"]);
  const authorization = `Bearer ${await tokenOf(context, system)}`;
  await page.goto("/tasks");
  await expect(rows(page)).toHaveCount(2);
  await context.setOffline(true);
  await tick(page, "Milk").click();
  await expect(rowOf(page, "Milk")).toContainText("Not saved yet.");
  await fetch(`${system.tasks.url}/api/tasks/${id}`, { method: "DELETE", headers: { authorization } });
  await context.setOffline(false);
  await page.reload();
  await expect(rowOf(page, "Milk")).toContainText("Not saved. This task no longer exists.");
  await expect(rows(page)).toHaveCount(2);
  await rowOf(page, "Milk").getByRole("button", { name: "Add as a new task" }).click();
  await expect.poll(() => titlesOf(context, system)).toEqual(["Milk", "Bread"]);
});
