// Messages about the session and about text are true, even if responses are lost.

import type { BrowserContext, Page } from "@playwright/test";
import { linkIn } from "../support/mailbox";
import { addTask, haveTasks, member, NEW_PASSWORD, newAddress, PASSWORD, rowOf, rows, tick, tokenOf } from "../support/people";
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

async function notesOf(context: BrowserContext, system: System, id: string): Promise<unknown> {
  const authorization = `Bearer ${await tokenOf(context, system)}`;
  const response = await fetch(`${system.tasks.url}/api/tasks/${id}`, { headers: { authorization } });
  return ((await response.json()) as { description: unknown }).description;
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
  await expect(page.getByRole("button", { name: "Sign out curl" })).toBeVisible();
  await loseResponses(page, "**/revoke-session");
  // The list cannot be fetched afterwards, and a message beside the old list says so.
  await page.route("**/list-sessions", (route) => route.abort());
  await page.getByRole("button", { name: "Sign out curl" }).click();
  const devices = page.getByRole("region", { name: "Devices" });
  await expect(devices.getByText("cannot be reached")).toBeVisible();
  await page.unroute("**/list-sessions");
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

test("text that another tab has saved is not said to be unsaved", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Notes").fill("Two litres");
  const other = await context.newPage();
  await other.goto("/tasks");
  await expect(other.getByText("has unsaved changes")).toBeVisible();
  for (const notes of ["Two litres", "Three litres"]) {
    await page.getByLabel("Notes").fill(notes);
    await page.getByRole("button", { name: "Save changes" }).click();
    await expect.poll(() => notesOf(context, system, id)).toBe(notes);
  }
  await expect(other.getByText("has unsaved changes")).toHaveCount(0);
  await other.getByRole("link", { name: "Open Milk" }).click();
  await expect(other.getByLabel("Notes")).toHaveValue("Three litres");
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

test("an account that was deleted although the response was lost is said to be deleted", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await page.goto("/settings");
  await page.getByRole("button", { name: "Delete account…" }).click();
  await page.locator("dialog").getByLabel("Password", { exact: true }).fill(PASSWORD);
  let isDown = false;
  await page.route("**/api/auth/**", async (route) => {
    if (isDown) return await route.abort();
    if (!route.request().url().endsWith("/delete-user")) return await route.fallback();
    isDown = true;
    await route.fetch();
    await route.abort();
  });
  await page.getByRole("button", { name: "Delete for good" }).click();
  await expect(page.getByText("No response: your account may have been deleted.")).toBeVisible();
  await page.unrouteAll();
  await expect(page.getByText("Your account has been deleted.")).toBeVisible();
});

test("an account whose deletion got lost is said to exist", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/settings");
  await page.getByRole("button", { name: "Delete account…" }).click();
  await page.locator("dialog").getByLabel("Password", { exact: true }).fill(PASSWORD);
  let isDown = false;
  await page.route("**/api/auth/**", async (route) => {
    isDown ||= route.request().url().endsWith("/delete-user");
    await (isDown ? route.abort() : route.fallback());
  });
  await page.getByRole("button", { name: "Delete for good" }).click();
  await expect(page.getByText("No response: your account may have been deleted.")).toBeVisible();
  await page.getByRole("button", { name: "Keep account" }).click();
  await page.unrouteAll();
  const notices = page.getByRole("region", { name: "Notices" });
  await expect(notices.getByText("Your account has not been deleted.")).toBeVisible();
  await expect(notices.getByText("No response")).toHaveCount(0);
  await context.clearCookies();
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await expect(page.getByText("You were signed out.")).toBeVisible();
});

test("a password that may have been changed is said to be unknown", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/settings");
  await page.getByLabel("Current password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("New password", { exact: true }).fill(NEW_PASSWORD);
  await loseResponses(page, "**/change-password");
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByText("No response: your password may have been changed.")).toBeVisible();
});

test("a change that was applied and then discarded is shown", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/tasks");
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
  let isLost = false;
  await page.route("**/api/tasks", async (route) => {
    if (route.request().method() !== "POST") return await route.fallback();
    if (!isLost) await route.fetch();
    isLost = true;
    await route.abort();
  });
  await addTask(page, "Bread");
  await rowOf(page, "Bread").getByRole("button", { name: "Discard" }).click();
  await expect(page.getByText("1 task", { exact: true })).toBeVisible();
  await expect(page.getByRole("link", { name: "Open Bread" })).toBeVisible();
});

test("unsent changes put tasks into lists, also after a reload", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread"]);
  await page.goto("/tasks");
  await page.route("**/api/tasks/*", (route) =>
    route.request().method() === "PATCH"
      ? route.fulfill({ status: 503, headers: { "access-control-allow-origin": system.url } })
      : route.fallback(),
  );
  await tick(page, "Milk").click();
  await page.getByRole("button", { name: "Edit Bread" }).click();
  await page.keyboard.type(" with oats");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Not saved yet.")).toHaveCount(2);
  page.on("dialog", (dialog) => void dialog.accept());
  await page.goto("/tasks?show=done");
  await expect(rows(page)).toHaveText([/^Milk/]);
  await page.goto("/tasks?q=oats");
  await expect(rows(page)).toHaveText([/^Bread with oats/]);
});

test("an address is not said to be verified or to be expected if that is not so", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/auth/verify-email?verified=yes");
  await expect(page.getByRole("heading", { name: "Verify your address" })).toBeVisible();
  const next = newAddress();
  await page.goto("/settings");
  await page.getByLabel("New e-mail address").fill(next);
  await page.getByRole("button", { name: "Change address" }).click();
  await expect(page.getByText("to make it your address.")).toBeVisible();
  const other = await context.newPage();
  await other.goto(await linkIn(system.mails, next));
  await other.getByRole("button", { name: "Confirm" }).click();
  await expect(other.getByText(next)).toBeVisible();
  // Changing the name fetches the session again.
  await page.getByLabel("Name", { exact: true }).fill("Grace");
  await page.getByRole("button", { name: "Save name" }).click();
  await expect(page.getByText(next).first()).toBeVisible();
  await expect(page.getByText("Your name has been changed.")).toBeVisible();
  await expect(page.getByText("to make it your address.")).toHaveCount(0);
});

test("deleted tasks that are not loaded are not counted", async ({ page, context, system }) => {
  await member(context, system);
  const ids = await haveTasks(context, system, Array.from({ length: 101 }, (_, index) => `Task ${index}`));
  for (const id of ids) await changeElsewhere(context, system, id, { completed: true });
  await page.goto("/tasks?show=done");
  await page.getByRole("button", { name: "Delete done tasks" }).click();
  await expect(page.getByText("Deleted 101 done tasks.")).toBeVisible();
  await expect(rows(page)).toHaveCount(0);
  expect(await page.getByText("1 done task", { exact: true }).count()).toBe(0);
  await page.getByRole("button", { name: "Close notice" }).click();
  await expect(page.getByText("Nothing done yet")).toBeVisible();
  expect(await page.getByText("1 done task", { exact: true }).count()).toBe(0);
});

test("the editor shows what a discarded change had already done", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  let isLost = false;
  await page.route("**/api/tasks/*", async (route) => {
    if (route.request().method() !== "PATCH" && !isLost) return await route.fallback();
    if (!isLost) await route.fetch();
    isLost = true;
    await route.abort();
  });
  await page.getByLabel("Notes").fill("Two litres");
  await page.getByRole("button", { name: "Save changes" }).click();
  await page.getByRole("button", { name: "Discard", exact: true }).click();
  await page.unroute("**/api/tasks/*");
  await expect(page.getByText("Saved in this browser.")).toHaveCount(0);
  await expect(page.getByLabel("Notes")).toHaveValue("Two litres");
});

test("the editor keeps showing a change that is being sent and can no longer be discarded", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  let attempts = 0;
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/api/tasks/**", async (route) => {
    if (route.request().method() !== "PATCH") return await route.fallback();
    attempts += 1;
    if (attempts === 1) return await route.abort();
    await held;
    await route.fallback();
  });
  await page.getByLabel("Notes").fill("Two litres");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect.poll(() => attempts).toBe(2);
  await page.getByRole("button", { name: "Discard" }).click();
  release();
  await expect(page.getByText("Not saved yet.")).toHaveCount(0);
  await expect(page.getByLabel("Notes")).toHaveValue("Two litres");
});
