// Outages and recovery of the services and the network.

import { addTask, haveTasks, member, rowOf, rows, tick, titlesOf } from "../support/people";
import { startSystem } from "../support/services";
import { expect, test } from "../support/test";

test("the web app survives an outage of the task service, and shows its recovery", async ({
  page,
  context,
}) => {
  const system = await startSystem();
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  await page.goto(`${system.url}/tasks`);
  await expect(rows(page)).toHaveText(["Milk"]);

  await system.tasks.stop();
  await tick(page, "Milk").click();
  await expect(rowOf(page, "Milk")).toContainText("Not saved yet.");
  await expect(page.getByText("The task service cannot be reached.").first()).toBeVisible();
  await page.reload();
  await expect(page.getByText("Your tasks cannot be shown right now")).toBeVisible();

  await system.tasks.start();
  await expect(rows(page)).toHaveText(["Milk"]);
  await expect(tick(page, "Milk")).toBeChecked();
  await page.reload();
  await expect(tick(page, "Milk")).toBeChecked();
  await system.stop();
});

test("without the issuer, tasks still work, and no user is treated as signed out", async ({
  page,
  context,
}) => {
  const system = await startSystem();
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  await page.goto(`${system.url}/tasks`);
  await expect(rows(page)).toHaveText(["Milk"]);

  await system.auth.stop();
  await addTask(page, "Bread");
  await expect(page.getByRole("link", { name: "Open Bread" })).toBeVisible();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByText("You may still be signed in")).toBeVisible();
  await expect(rows(page)).toHaveText(["Bread", "Milk"]);

  await system.auth.start();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await system.stop();
});

test("changes made without a network are sent when it is available again", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await page.goto("/tasks");
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
  await context.setOffline(true);
  await addTask(page, "Milk");
  await expect(rowOf(page, "Milk")).toContainText("Not saved yet.");
  await expect(page.getByText("Changes to tasks are kept in this browser")).toBeVisible();
  await expect(page.getByRole("link", { name: "Open Milk" })).toHaveCount(0);

  await context.setOffline(false);
  await expect(page.getByText("Changes to tasks are kept in this browser")).toHaveCount(0);
  await expect(page.getByRole("link", { name: "Open Milk" })).toBeVisible();
  await page.reload();
  await expect(rows(page)).toHaveText(["Milk"]);
});

test("a title that reaches the service twice is saved", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  await page.route("**/api/tasks/*", async (route) => {
    if (route.request().method() !== "PATCH") return await route.fallback();
    await route.fetch();
    await route.fulfill({ response: await route.fetch() });
  });
  await page.getByRole("button", { name: "Edit Milk" }).click();
  await page.keyboard.type(" and bread");
  await page.keyboard.press("Enter");
  await expect.poll(() => titlesOf(context, system)).toEqual(["Milk and bread"]);
  await expect(rows(page)).toHaveText(["Milk and bread"]);
});

test("a page whose code cannot be loaded says so, and unsaved text is kept", async ({
  page,
  context,
  system,
  errors,
}) => {
  await member(context, system);
  await page.goto("/tasks");
  await page.getByLabel("New task").fill("Half");
  await page.route("**/assets/settings*.js", (route) => route.abort());
  await page.getByRole("link", { name: "Settings" }).click();
  await expect(page.getByRole("heading", { name: "Something went wrong" })).toBeVisible();
  await page.unroute("**/assets/settings*.js");
  await page.getByRole("button", { name: "Reload the page" }).click();
  await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible();
  await page.goto("/tasks");
  await expect(page.getByLabel("New task")).toHaveValue("Half");
  // React has logged the failure, which must not fail this test.
  errors.splice(0);
});

test("a task whose confirmation was lost is added once", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/tasks");
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
  let sent = 0;
  await page.route("**/api/tasks", async (route) => {
    if (route.request().method() !== "POST") return await route.fallback();
    sent += 1;
    if (sent > 1) return await route.fallback();
    await route.fetch();
    await route.abort();
  });

  await addTask(page, "Milk");
  await expect(page.getByRole("link", { name: "Open Milk" })).toBeVisible();
  expect(sent).toBe(2);
  await page.reload();
  await expect(rows(page)).toHaveText(["Milk"]);
});

test("a failed list and a failed task say so while they are fetched again", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  for (const [path, text] of [
    ["/tasks", "Your tasks cannot be shown right now"],
    [`/tasks/${id}`, "This task cannot be shown right now"],
  ] as const) {
    await page.route("**/api/tasks**", (route) => route.abort());
    await page.goto(path);
    await expect(page.getByText(text)).toBeVisible();
    let reach = () => {};
    const reached = new Promise<void>((resolve) => {
      reach = resolve;
    });
    // This request gets no response.
    await page.route("**/api/tasks**", () => reach());
    await reached;
    // This is checked without waiting: text that had disappeared would reappear later.
    expect(await page.getByText(text).count()).toBe(1);
    await page.unrouteAll({ behavior: "ignoreErrors" });
  }
});
