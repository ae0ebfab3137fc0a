// Every page in both themes and at both widths.

import type { BrowserContext, Page } from "@playwright/test";
import { inspect } from "../support/looks";
import {
  addTask,
  haveTasks,
  member,
  newAddress,
  rows,
  signUp,
  tick,
  tokenOf,
} from "../support/people";
import { expect, test } from "../support/test";

const TITLES = [
  "Renew the passport",
  "Call Grandma back",
  "A title that goes on for longer than any telephone is wide, because somebody wrote down all of it at once",
  "Book the train to Lisbon",
  "Buy milk",
];

// Four screenshots and two checks by axe for each state take minutes on a busy machine.
test.describe.configure({ timeout: 300_000 });

test("the pages for users who are not signed in look right", async ({ page }) => {
  await signedOut(page);
});

test("the pages of tasks look right", async ({ page, context, system, browser }) => {
  await member(context, system);
  await page.goto("/tasks");
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
  await inspect(page, "tasks-empty");

  const [first] = await haveTasks(context, system, TITLES);
  await page.reload();
  await expect(rows(page)).toHaveCount(TITLES.length);
  await tick(page, "Call Grandma back").check();
  await inspect(page, "tasks");

  await page.getByRole("button", { name: "Edit Buy milk" }).click();
  await page.getByRole("button", { name: "Delete Book the train to Lisbon" }).click();
  await page.getByRole("button", { name: "Edit Buy milk" }).click();
  await inspect(page, "tasks-editing");

  await page.goto(`/tasks/${first}`);
  await expect(page.getByRole("heading", { name: "Renew the passport" })).toBeVisible();
  await inspect(page, "task");

  const stranger = await browser.newContext();
  await signUp(stranger.request, system, newAddress());
  const [foreign] = await haveTasks(stranger, system, ["Not Ada's"]);
  await stranger.close();
  await page.goto(`/tasks/${foreign}`);
  await expect(page.getByRole("heading", { name: "This task is not yours" })).toBeVisible();
  await inspect(page, "task-foreign");

  await page.goto("/nowhere");
  await expect(page.getByRole("heading", { name: "There is no such page" })).toBeVisible();
  await inspect(page, "not-found");
});

test("the pages without a network look right", async ({ page, context, system }) => {
  await member(context, system);
  await outages(page, context);
});

test("a conflict and a refused change look right", async ({ page, context, system }) => {
  await member(context, system);
  const [id] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Notes").fill("Two litres, from http://example.com/shop");
  const authorization = `Bearer ${await tokenOf(context, system)}`;
  const changeNotes = (description: string) =>
    fetch(`${system.tasks.url}/api/tasks/${id}`, {
      method: "PATCH",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify({ description }),
    });
  const other = await context.newPage();
  await other.route("**/api/tasks/*", (route) => route.abort());
  await other.goto("/tasks");
  await other.getByRole("button", { name: "Delete Milk" }).click();
  await changeNotes("Four litres");
  await other.unroute("**/api/tasks/*");
  await other.getByRole("button", { name: "Close notice" }).click();
  await expect(other.getByText("Not deleted.")).toBeVisible();
  await inspect(other, "tasks-not-deleted");
  await other.getByRole("button", { name: "Keep the task" }).click();
  await other.close();
  await changeNotes("Three litres");

  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Three litres")).toBeVisible();
  await inspect(page, "task-conflict");
  await page.getByRole("link", { name: "All tasks" }).click();
  await expect(page.getByText("Leave without saving?")).toBeVisible();
  await inspect(page, "task-leave", false);
  await page.getByRole("button", { name: "Discard changes" }).click();

  await page.route("**/api/tasks/**", (route) =>
    route.fulfill({
      status: 500,
      headers: { "access-control-allow-origin": system.url },
      contentType: "application/problem+json",
      body: "{}",
    }),
  );
  await tick(page, "Milk").click();
  await expect(page.getByText("Not saved.")).toBeVisible();
  await inspect(page, "tasks-not-saved");
});

test("the settings look right", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/settings");
  await expect(page.getByText("This device")).toBeVisible();
  await inspect(page, "settings");
  await page.getByRole("button", { name: "Delete account…" }).click();
  await inspect(page, "settings-delete", false);
});

async function signedOut(page: Page) {
  for (const [path, heading] of [
    ["signin", "Sign in"],
    ["signup", "Create an account"],
    ["forgot-password", "Reset your password"],
    ["reset-password?token=x", "Choose a new password"],
    ["reset-password?error=INVALID_TOKEN", "This link does not work"],
    ["verify-email", "Verify your address"],
    ["verify-email?verified=yes", "Your address is verified"],
    ["verify-email?verified=yes&error=TOKEN_EXPIRED", "This link does not work"],
  ] as const) {
    await page.goto(`/auth/${path}`);
    await expect(page.getByRole("heading", { name: heading })).toBeVisible();
    await inspect(page, `auth-${path.replaceAll(/\W+/g, "-")}`);
  }
  await page.goto("/auth/signup");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByText("Choose a password.")).toBeVisible();
  await inspect(page, "auth-signup-mistakes");
}

async function outages(page: Page, context: BrowserContext) {
  await page.route("**/api/tasks*", (route) => route.abort());
  await page.goto("/tasks");
  await expect(page.getByText("Your tasks cannot be shown right now")).toBeVisible();
  await inspect(page, "tasks-error");
  await page.unroute("**/api/tasks*");
  await expect(page.getByText("Nothing to do yet")).toBeVisible();

  await context.setOffline(true);
  await addTask(page, "Written in a tunnel");
  await expect(page.getByText("Changes to tasks are kept in this browser")).toBeVisible();
  await inspect(page, "tasks-offline");
  await context.setOffline(false);

  await page.route("**/api/auth/get-session", (route) => route.abort());
  await page.goto("/tasks");
  await expect(page.getByText("The service cannot be reached")).toBeVisible();
  await inspect(page, "unreachable");
}
