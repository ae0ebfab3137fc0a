// Successful responses that no service sends come from a proxy. They neither break the page nor
// count as the outcome of a request.

import type { Page } from "@playwright/test";
import {
  addTask,
  haveTasks,
  member,
  newAddress,
  PASSWORD,
  rowOf,
  rows,
  signUp,
  tick,
  titlesOf,
} from "../support/people";
import { expect, test } from "../support/test";

const HTML = "<p>Welcome to the network</p>";

/** Answers requests with this body: a string is sent as it is, any other value as JSON. */
async function answer(page: Page, url: RegExp, body: unknown, status = 200): Promise<void> {
  await page.route(url, (route) =>
    route.fulfill({
      status,
      headers: { "access-control-allow-origin": new URL(page.url()).origin },
      contentType: "application/json",
      body: typeof body === "string" ? body : JSON.stringify(body),
    }),
  );
}

const user = { id: "1", name: "Ada", email: "ada@example.com", emailVerified: true };
const time = "2026-01-01T00:00:00.000Z";
const task = { id: "1", title: "Milk", description: null, completed: false, created_at: time, updated_at: time };

const SESSIONS = [[], {}, '"x"', { user: null }, { user: {}, session: {} }, { user, session: null }, HTML];

test("an unexpected session neither ends the page nor discards text", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  await page.getByLabel("New task").fill("Bread");
  for (const body of SESSIONS) {
    await answer(page, /get-session/, body);
    await page.reload();
    await expect(page.getByRole("heading", { name: "The service cannot be reached" })).toBeVisible();
    await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
    await page.unroute(/get-session/);
  }
  await expect(rows(page)).toHaveText(["Milk"]);
  await expect(page.getByLabel("New task")).toHaveValue("Bread");
});

test("an unexpected session leaves an open page as it is", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/settings");
  await page.getByLabel("Name").fill("Grace");
  await expect(page.getByText("This device")).toBeVisible();
  for (const body of SESSIONS) {
    await answer(page, /get-session/, body);
    await page.getByRole("button", { name: "Save name" }).click();
    await expect(page.getByText("could not complete the request (502)")).toBeVisible();
    await page.unroute(/get-session/);
    await page.reload();
    await expect(page.getByLabel("Name")).toHaveValue("Grace");
  }
});

test("a 401 of a gateway does not end the session", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/tasks");
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
  await answer(page, /get-session/, { message: "Unauthorized" }, 401);
  await page.reload();
  await expect(page.getByRole("heading", { name: "The service cannot be reached" })).toBeVisible();
  await page.unroute(/get-session/);
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
});

for (const body of [[], {}, { token: null }, { token: 1 }, { token: "x" }, HTML]) {
  test(`a change is kept while the token is ${JSON.stringify(body)}`, async ({ page, context, system }) => {
    await member(context, system);
    await page.goto("/tasks");
    await expect(page.getByText("Nothing to do yet")).toBeVisible();
    await answer(page, /auth\/token/, body);
    await page.reload();
    await addTask(page, "Bread");
    await expect(rowOf(page, "Bread")).toContainText("Not saved yet.");
    await page.unroute(/auth\/token/);
    await expect.poll(() => titlesOf(context, system)).toEqual(["Bread"]);
  });
}

test("unexpected settings of the deployment are fetched again", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  const deletesTasks = true;
  for (const body of [
    [],
    {},
    { tasksUrl: 1, deletesTasks },
    { tasksUrl: "http://[", deletesTasks },
    { tasksUrl: "" },
    HTML,
  ]) {
    await answer(page, /config\.json/, body);
    await page.reload();
    await expect(page.getByText("The address of the task service is unknown.")).toBeVisible();
    await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
    await page.unroute(/config\.json/);
  }
  await expect(rows(page)).toHaveText(["Milk"]);
});

test("an unexpected list of tasks is reported, and fetched again", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  for (const body of [{}, '"x"', "", [null], [{ ...task, created_at: "now" }], HTML]) {
    await answer(page, /\/api\/tasks/, body);
    await page.reload();
    await expect(page.getByText("The task service sent an unexpected response.")).toBeVisible();
    await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
    await page.unroute(/\/api\/tasks/);
  }
  await expect(rows(page)).toHaveText(["Milk"]);
});

test("an unexpected task is reported, and unsaved text stays", async ({ page, context, system }) => {
  await member(context, system);
  const [id] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Notes").fill("Two litres");
  for (const body of [[], "", { ...task, title: null }, { ...task, updated_at: "now" }]) {
    await answer(page, /\/api\/tasks/, body);
    await page.reload();
    await expect(page.getByText("The task service sent an unexpected response.")).toBeVisible();
    await expect(page.getByLabel("Notes")).toHaveValue("Two litres");
    await page.unroute(/\/api\/tasks/);
  }
  await expect(page.getByText("The task service sent an unexpected response.")).toHaveCount(0);
});

test("an unexpected response confirms no change and no deletion", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Eggs", "Milk", "Bread"]);
  await page.goto("/tasks");
  await expect(rows(page)).toHaveText(["Bread", "Milk", "Eggs"]);
  await answer(page, /\/api\/tasks/, {});
  await addTask(page, "Cheese");
  await tick(page, "Bread").click();
  for (const title of ["Cheese", "Bread"]) {
    await expect(rowOf(page, title)).toContainText("Not saved yet. The task service sent an unexpected response.");
  }
  const isSent = page.waitForRequest((request) => request.method() === "DELETE");
  await page.unroute(/\/api\/tasks/);
  await page.route(/\/api\/tasks/, (route) => {
    if (route.request().method() !== "DELETE") return route.fallback();
    const headers = { "access-control-allow-origin": system.url };
    return route.fulfill({ headers, contentType: "application/json", body: "" });
  });
  await page.getByRole("button", { name: "Delete Milk" }).click();
  await page.getByRole("button", { name: "Close notice" }).click();
  await isSent;
  await page.unroute(/\/api\/tasks/);
  await expect.poll(() => titlesOf(context, system)).toEqual(["Cheese", "Bread", "Eggs"]);
  await expect(rows(page)).toHaveText(["Cheese", "Bread", "Eggs"]);
});

test("an error of unexpected shape is reported by its status", async ({ page, context, system }) => {
  await member(context, system);
  const [id] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Notes").fill("Two litres");
  for (const body of [[], '"x"', { detail: {}, errors: {} }, { errors: [null] }, { errors: [{ loc: 1, msg: {} }] }]) {
    await answer(page, /\/api\/tasks/, body, 422);
    await page.getByRole("button", { name: "Save changes" }).click();
    await expect(page.getByText("The task service could not complete the request (422).")).toBeVisible();
    await expect(page.getByLabel("Notes")).toHaveValue("Two litres");
    await page.unroute(/\/api\/tasks/);
  }
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Saved.")).toBeVisible();

  await page.goto("/settings");
  await page.getByLabel("Name").fill("Grace");
  for (const body of [[], '"x"', { message: {} }, { message: "No", code: [] }]) {
    await answer(page, /update-user/, body, 400);
    await page.getByRole("button", { name: "Save name" }).click();
    await expect(page.getByText("could not complete the request (502)")).toBeVisible();
    await page.unroute(/update-user/);
  }
  await answer(page, /update-user/, { message: {} }, 500);
  await page.getByRole("button", { name: "Save name" }).click();
  await expect(page.getByText("could not complete the request (500)")).toBeVisible();
});

test("an unexpected response does not count as the success of an account's change", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await page.goto("/settings");
  await page.getByLabel("Name").fill("Grace");
  for (const body of [[], {}, { status: false }]) {
    await answer(page, /update-user/, body);
    await page.getByRole("button", { name: "Save name" }).click();
    await expect(page.getByText("could not complete the request (502)")).toBeVisible();
    await page.unroute(/update-user/);
  }
  await page.reload();
  await expect(page.getByText("have been restored")).toBeVisible();
  await expect(page.getByLabel("Name")).toHaveValue("Grace");
});

test("an unexpected list of devices is reported", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/settings");
  const device = { token: "x", userId: "1", userAgent: null, createdAt: time, updatedAt: time };
  for (const body of [{}, [null], [{}], [{ ...device, updatedAt: "now" }]]) {
    await answer(page, /list-sessions/, body);
    await page.reload();
    await expect(page.getByText("could not complete the request (502)")).toBeVisible();
    await page.unroute(/list-sessions/);
  }
  await expect(page.getByText("This device")).toBeVisible();
});

test("an unexpected response to a guest is no success", async ({ page, request, system }) => {
  const email = newAddress();
  await signUp(request, system, email);
  await page.goto("/auth/signin");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  const failure = page.getByText("could not complete the request (502)");
  for (const body of [[], {}, { user: null, token: "x" }, HTML]) {
    await answer(page, /sign-in/, body);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(failure).toBeVisible();
    await page.unroute(/sign-in/);
  }
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
  await page.getByRole("button", { name: "Sign out" }).click();

  await page.goto("/auth/forgot-password");
  await page.getByLabel("E-mail").fill(email);
  for (const body of [[], {}, HTML]) {
    await answer(page, /request-password-reset/, body);
    await page.getByRole("button", { name: "Send me a link" }).click();
    await expect(failure).toBeVisible();
    await page.unroute(/request-password-reset/);
  }
});

test("a name that looks like a time is a name", async ({ page, context, system }) => {
  await member(context, system, time);
  await page.goto("/settings");
  await expect(page.getByLabel("Name")).toHaveValue(time);
  await expect(page.getByRole("button", { name: `Sign out ${time}` })).toBeVisible();
});
