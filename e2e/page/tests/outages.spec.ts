// Outages and recovery of the services and the network.

import { addTask, haveTasks, member, rowOf, rows, tick } from "../support/people";
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
  await expect(page.getByText("You are still signed in.")).toBeVisible();
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
