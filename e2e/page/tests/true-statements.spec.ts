// Messages about the session and about text are true, even if responses are lost.

import type { BrowserContext, Page } from "@playwright/test";
import { haveTasks, member, rows, tick, tokenOf } from "../support/people";
import type { System } from "../support/services";
import { expect, test } from "../support/test";

/** Lets requests to `url` reach the service, but discards the responses. */
async function loseResponses(page: Page, url: string): Promise<void> {
  await page.route(url, async (route) => {
    await route.fetch();
    await route.abort();
  });
}

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

const nameField = (page: Page) => page.getByLabel("Name", { exact: true });

test("a sign-out whose response was lost is recognized", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/tasks");
  await loseResponses(page, "**/sign-out");
  await page.getByRole("button", { name: "Sign out Ada" }).click();
  await expect(page.getByText("You are signed out.")).toBeVisible();
});

test("a device whose sign-out response was lost is not said to be signed in", async ({
  page,
  context,
  system,
  playwright,
}) => {
  const { email } = await member(context, system);
  const other = await playwright.request.newContext();
  await other.post(`${system.url}/api/auth/sign-in/email`, {
    headers: { origin: system.url, "user-agent": "curl/8" },
    data: { email, password: "correct horse 42" },
  });
  await page.goto("/settings");
  await loseResponses(page, "**/revoke-session");
  await page.getByRole("button", { name: "Sign out curl" }).click();
  await expect(page.getByText("cannot be reached")).toBeVisible();
  // This is checked without waiting, because the notice would disappear by itself.
  expect(await page.getByText("No device was signed out").count()).toBe(0);
  await expect(page.getByText("curl")).toHaveCount(0);
  await other.dispose();
});

test("a service that cannot be reached says nothing about the session", async ({ page }) => {
  await page.route("**/api/auth/**", (route) => route.abort());
  await page.goto("/tasks");
  await expect(page.getByText("The service cannot be reached")).toBeVisible();
  await expect(page.getByText("signed in")).toHaveCount(0);
});

test("a name that is being saved is not said to be restored", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/settings");
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/update-user", async (route) => {
    await held;
    await route.fallback();
  });
  await nameField(page).fill("Grace");
  await page.getByRole("button", { name: "Save name" }).click();
  await page.getByRole("link", { name: "Tasks", exact: true }).last().click();
  await page.getByRole("link", { name: "Settings" }).click();
  await expect(nameField(page)).toHaveValue("Grace");
  await expect(page.getByText("have been restored")).toHaveCount(0);
  release();
  await expect(page.getByRole("button", { name: "Sign out Grace" })).toBeVisible();
  await expect(nameField(page)).toHaveValue("Grace");
  await expect(page.getByText("have been restored")).toHaveCount(0);
});

test("a name that was saved although the response was lost is not unsaved", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/settings");
  await loseResponses(page, "**/update-user");
  await nameField(page).fill("Grace");
  await page.getByRole("button", { name: "Save name" }).click();
  await expect(page.getByText("cannot be reached")).toBeVisible();
  await page.reload();
  await expect(nameField(page)).toHaveValue("Grace");
  await expect(page.getByText("have been restored")).toHaveCount(0);
  await page.getByRole("button", { name: "Sign out Grace" }).click();
  await expect(page.getByText("You are signed out.")).toBeVisible();
});

test("text that was saved elsewhere is not said to be unsaved", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Notes").fill("Two litres");
  await changeElsewhere(context, system, id, { description: "Two litres" });
  await page.reload();
  await expect(page.getByLabel("Notes")).toHaveValue("Two litres");
  await expect(page.getByText("have been restored")).toHaveCount(0);
  await page.getByRole("link", { name: "All tasks" }).click();
  await expect(page.getByRole("link", { name: "Open Milk" })).toBeVisible();
  await expect(page.getByText("has unsaved changes")).toHaveCount(0);
});

test("a task that is not loaded is neither counted nor shown as open", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk", "Bread"]);
  await changeElsewhere(context, system, id, { completed: true });
  await page.goto("/tasks");
  await page.getByRole("button", { name: "Edit Milk" }).click();
  await page.getByLabel("Title", { exact: true }).fill("Oat milk");
  await page.goto("/tasks?show=open");
  await expect(page.getByLabel("Title", { exact: true })).toHaveValue("Oat milk");
  await expect(page.getByText("1 open task", { exact: true })).toBeVisible();
  await expect(tick(page, "Milk")).toHaveCount(0);
});

test("a conflict about notes shows both versions", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Title", { exact: true }).fill("Oat milk");
  await page.getByLabel("Notes").fill("Two litres");
  await page.route("**/api/tasks/**", (route) => route.abort());
  await page.getByRole("button", { name: "Save changes" }).click();
  await page.getByRole("link", { name: "All tasks" }).click();
  await changeElsewhere(context, system, id, { description: "Three litres" });
  await page.unroute("**/api/tasks/**");
  await expect(page.getByText("Not saved. The task was changed elsewhere.")).toBeVisible();
  await expect(rows(page)).toContainText("Notes:Two litres");
  await expect(rows(page)).toContainText("Notes in the other version:Three litres");
  await expect(page.getByText("Title in the other version:")).toHaveCount(0);
});

test("the editor shows the text of another tab that is kept in a conflict", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  const other = await context.newPage();
  for (const tab of [page, other]) await tab.goto(`/tasks/${id}`);
  for (const tab of [page, other]) await expect(tab.getByLabel("Notes")).toBeVisible();
  await context.route("**/api/tasks/**", (route) => route.abort());
  await page.getByLabel("Notes").fill("Two litres");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Saved in this browser.")).toBeVisible();
  await other.getByLabel("Notes").fill("Three litres");
  await other.getByRole("button", { name: "Save changes" }).click();
  await expect(other.getByText("Saved in this browser.")).toBeVisible();
  await other.close();
  await context.unroute("**/api/tasks/**");
  await page.getByRole("button", { name: "Keep mine" }).click();
  await expect(page.getByLabel("Notes")).toHaveValue("Three litres");
});
