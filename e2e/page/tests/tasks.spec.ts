// Tasks: adding, ticking, editing, deleting, filtering, long lists, and what happens if it fails.

import { addTask, haveTasks, member, rowOf, rows, tick, titlesOf } from "../support/people";
import { expect, test } from "../support/test";

test("tasks are added with Enter, the newest first, and are still there later", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await page.goto("/tasks");
  for (const title of ["First", "Second", "Third"]) await addTask(page, title);

  await expect(rows(page)).toHaveText(["Third", "Second", "First"]);
  await expect(page.getByLabel("New task")).toBeFocused();
  await expect(page.getByLabel("New task")).toHaveValue("");
  await expect(page.getByRole("link", { name: "Open Third" })).toBeVisible();
  await page.reload();
  await expect(rows(page)).toHaveText(["Third", "Second", "First"]);
});

test("a title that cannot be is refused before it is sent", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/tasks");
  await addTask(page, "   ");
  await expect(page.getByRole("alert")).toHaveText("Write down what is to be done first.");
  await expect(page.getByLabel("New task")).toBeFocused();
  await addTask(page, "x".repeat(256));
  await expect(page.getByRole("alert")).toContainText("at most 255");
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
});

test("tasks are ticked, and each filter shows those that it names", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread"]);
  await page.goto("/tasks");
  await tick(page, "Milk").check();

  await page.getByRole("link", { name: "Open", exact: true }).click();
  await expect(rows(page)).toHaveText(["Bread"]);
  await page.getByRole("link", { name: "Done", exact: true }).click();
  await expect(rows(page)).toHaveText(["Milk"]);
  await expect(page).toHaveURL("/tasks?show=done");
  await page.reload();
  await expect(rows(page)).toHaveText(["Milk"]);

  await tick(page, "Milk").click();
  await expect(page.getByText("Nothing done yet")).toBeVisible();
  await page.getByRole("link", { name: "All", exact: true }).click();
  await expect(rows(page)).toHaveText(["Bread", "Milk"]);
  await expect(tick(page, "Milk")).not.toBeChecked();
});

test("a task is edited in place, and Escape leaves it as it was", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  await page.getByRole("button", { name: "Edit Milk" }).click();
  await expect(page.getByLabel("Title")).toBeFocused();
  await page.getByLabel("Title").fill("Oat milk");
  await page.getByLabel("Title").press("Enter");
  await expect(page.getByRole("button", { name: "Edit Oat milk" })).toBeFocused();

  await page.getByRole("button", { name: "Edit Oat milk" }).click();
  await page.getByLabel("Title").fill("Something else");
  await page.getByLabel("Title").press("Escape");
  await expect(rows(page)).toHaveText(["Oat milk"]);
  await page.reload();
  await expect(rows(page)).toHaveText(["Oat milk"]);
});

test("a deleted task comes back with Undo, and is gone without", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread", "Salt"]);
  const deletions: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "DELETE") deletions.push(request.url());
  });
  await page.goto("/tasks");
  await page.getByRole("button", { name: "Delete Bread" }).click();
  await expect(rows(page)).toHaveText(["Salt", "Milk"]);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(rows(page)).toHaveText(["Salt", "Bread", "Milk"]);
  expect(deletions).toEqual([]);

  await page.getByRole("button", { name: "Delete Bread" }).click();
  const answer = page.waitForResponse((response) => response.request().method() === "DELETE");
  await page.getByRole("button", { name: "Close notice" }).click();
  expect((await answer).status()).toBe(204);
  await page.reload();
  await expect(rows(page)).toHaveText(["Salt", "Milk"]);
});

test("a task that was deleted just before the page was left is gone", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread"]);
  await page.goto("/tasks");
  await page.getByRole("button", { name: "Delete Bread" }).click();
  await expect(rows(page)).toHaveText(["Milk"]);
  await page.goto("about:blank");

  await expect.poll(() => titlesOf(context, system)).toEqual(["Milk"]);
});

test("changes that the server refuses are taken back, with a message", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread"]);
  await page.goto("/tasks");
  await expect(rows(page)).toHaveCount(2);
  const refuse = { status: 503, contentType: "application/problem+json", body: "{}" };
  await page.route("**/api/tasks**", async (route) => {
    if (route.request().method() === "GET") return await route.fallback();
    await route.fulfill({ ...refuse, headers: { "access-control-allow-origin": system.url } });
  });

  await tick(page, "Milk").click();
  await expect(page.getByText("Your change was not saved.")).toBeVisible();
  await expect(tick(page, "Milk")).not.toBeChecked();

  await addTask(page, "Salt");
  await expect(page.getByText("“Salt” was not added.")).toBeVisible();
  await expect(rows(page)).toHaveText(["Bread", "Milk"]);

  await page.getByRole("button", { name: "Delete Milk" }).click();
  await expect(rows(page)).toHaveText(["Bread"]);
  const notice = page.getByText("Deleted “Milk”.").locator("..");
  await notice.getByRole("button", { name: "Close notice" }).click();
  await expect(page.getByText("“Milk” was not deleted.")).toBeVisible();
  await expect(rows(page)).toHaveText(["Bread", "Milk"]);
});

test("changes show before the server has answered", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  await expect(rows(page)).toHaveCount(1);
  let answer = () => {};
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route("**/api/tasks**", async (route) => {
    if (route.request().method() !== "GET") await held;
    await route.fallback();
  });

  await tick(page, "Milk").click();
  await expect(tick(page, "Milk")).toBeChecked();
  await addTask(page, "Bread");
  await expect(rows(page)).toHaveText(["Bread", "Milk"]);
  answer();
  await expect(page.getByRole("link", { name: "Open Bread" })).toBeVisible();
  await page.reload();
  await expect(tick(page, "Milk")).toBeChecked();
});

test("one task has a page of its own, with notes", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  await page.getByRole("link", { name: "Open Milk" }).click();
  await expect(page.getByRole("heading", { name: "Milk" })).toBeFocused();
  await expect(page).toHaveTitle("Milk · Tasks");

  await page.getByLabel("Title").fill("");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByLabel("Title")).toHaveAccessibleDescription("A task needs a title.");
  await page.getByLabel("Title").fill("Oat milk");
  await page.getByLabel("Notes").fill("Two litres");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByRole("heading", { name: "Oat milk" })).toBeVisible();
  await page.reload();
  await expect(page.getByLabel("Notes")).toHaveValue("Two litres");

  await page.getByRole("button", { name: "Delete task" }).click();
  await expect(page.getByText("Deleted “Oat milk”.")).toBeVisible();
  await expect(rowOf(page, "Oat milk")).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(rowOf(page, "Oat milk")).toBeVisible();
});

test("a task that is not there says so", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/tasks/01980000-0000-7000-8000-000000000000");
  await expect(page.getByRole("heading", { name: "There is no such task" })).toBeVisible();
});
