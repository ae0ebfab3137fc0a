// Tasks: adding, completing, editing, deleting and filtering, the page of a task, and failures.

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

test("an invalid title is refused before it is sent", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/tasks");
  await addTask(page, "   ");
  await expect(page.getByRole("alert")).toHaveText("Enter a title for the task first.");
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

test("a task that was deleted just before leaving the page stays deleted", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread"]);
  await page.goto("/tasks");
  // A page that is left deletes only tasks whose text it has checked, so wait for the check.
  const isChecked = page.waitForResponse((response) => /\/api\/tasks\/./.test(response.url()));
  await page.getByRole("button", { name: "Delete Bread" }).click();
  await (await isChecked).finished();
  await expect(rows(page)).toHaveText(["Milk"]);
  await page.goto("about:blank");

  await expect.poll(() => titlesOf(context, system)).toEqual(["Milk"]);
});

test("a deletion that cannot be sent while the page is closed is sent by the next one", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread"]);
  await page.goto("/tasks");
  await page.route("**/api/tasks/*", (route) => route.abort());
  await page.getByRole("button", { name: "Delete Bread" }).click();
  await page.goto("about:blank");
  await page.unroute("**/api/tasks/*");
  await page.goto("/tasks");
  await expect(rows(page)).toHaveText(["Milk"]);
  await expect.poll(() => titlesOf(context, system)).toEqual(["Milk"]);
});

test("a refused change stays with its reason until it is retried or discarded", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread"]);
  await page.goto("/tasks");
  await expect(rows(page)).toHaveCount(2);
  let isRefusing = true;
  const refusal = { status: 500, contentType: "application/problem+json", body: "{}" };
  await page.route("**/api/tasks**", async (route) => {
    if (!isRefusing || route.request().method() === "GET") return await route.fallback();
    await route.fulfill({ ...refusal, headers: { "access-control-allow-origin": system.url } });
  });

  await tick(page, "Milk").click();
  await expect(rowOf(page, "Milk")).toContainText("Not saved.");
  await addTask(page, "Salt");
  await expect(rowOf(page, "Salt")).toContainText("Not saved.");
  await page.getByRole("button", { name: "Edit Bread" }).click();
  await page.getByLabel("Title", { exact: true }).fill("Rye bread");
  await page.keyboard.press("Enter");
  await expect(rowOf(page, "Rye bread")).toContainText("Not saved.");

  isRefusing = false;
  await rowOf(page, "Salt").getByRole("button", { name: "Retry" }).click();
  await expect(page.getByRole("link", { name: "Open Salt" })).toBeVisible();
  await rowOf(page, "Rye bread").getByRole("button", { name: "Retry" }).click();
  await rowOf(page, "Milk").getByRole("button", { name: "Discard" }).click();
  await expect(rows(page)).toHaveText(["Salt", "Rye bread", "Milk"]);
  await expect(tick(page, "Milk")).not.toBeChecked();
  expect(await titlesOf(context, system)).toEqual(["Salt", "Rye bread", "Milk"]);
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
  await expect(rows(page)).toHaveText([/^Bread/, /^Milk/]);
  await expect(rowOf(page, "Bread")).toContainText("Not sent yet…");
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
  await expect(page.getByText("Deleted “\u2068Oat milk\u2069”.")).toBeVisible();
  await expect(rowOf(page, "Oat milk")).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(rowOf(page, "Oat milk")).toBeVisible();
});

test("a missing task is reported", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/tasks/01980000-0000-7000-8000-000000000000");
  await expect(page.getByRole("heading", { name: "There is no such task" })).toBeVisible();
});
