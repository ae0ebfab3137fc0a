// The life cycle of tokens and sessions, in one tab and in several.

import type { APIRequestContext, BrowserContext, Page, Route } from "@playwright/test";
import {
  haveTasks,
  member,
  newAddress,
  openList,
  PASSWORD,
  rows,
  signIn,
  signInHere,
  signUp,
  subject,
  tick,
  tokenOf,
} from "../support/people";
import type { System } from "../support/services";
import { expect, test } from "../support/test";

/** Counts the token requests of a device's pages. Returns a function that returns the count. */
function countTokens(context: BrowserContext, { url }: System): () => number {
  let count = 0;
  context.on("request", (request) => {
    if (request.url() === `${url}/api/auth/token`) count += 1;
  });
  return () => count;
}

/**
 * Invalidates the access tokens of the first `together` task requests, and holds these requests
 * until all of them have been sent. Returns a function that returns the number of requests with an
 * invalidated token.
 */
async function spoilTokens(context: BrowserContext, together = 1): Promise<() => number> {
  const spoilt = new Set<string>();
  let refused = 0;
  let refuse = () => {};
  const isTime = new Promise<void>((resolve) => {
    refuse = resolve;
  });
  await context.route("**/api/tasks**", async (route) => {
    const { authorization, ...headers } = await route.request().allHeaders();
    if (authorization && refused < together) spoilt.add(authorization);
    if (!authorization || !spoilt.has(authorization)) return await route.fallback();
    refused += 1;
    if (refused >= together) refuse();
    await isTime;
    const broken = authorization.replace(/\.[^.]*$/, `.${"A".repeat(86)}`);
    await route.continue({ headers: { ...headers, authorization: broken } });
  });
  return () => refused;
}

test("a refused token is replaced once, for all requests that wait", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  const [id] = await haveTasks(context, system, ["Milk"]);
  const asked = countTokens(context, system);
  await page.goto("/tasks");
  await expect(rows(page)).toHaveCount(1);
  expect(asked()).toBe(1);
  const refused = await spoilTokens(context, 2);

  await tick(page, "Milk").click();
  await page.getByRole("link", { name: "Open Milk" }).click();
  await expect(page.getByRole("heading", { name: "Milk" })).toBeVisible();
  await page.getByRole("link", { name: "All tasks" }).click();
  await page.getByRole("link", { name: "Done", exact: true }).click();

  await expect(rows(page)).toHaveText(["Milk"]);
  expect(refused()).toBeGreaterThanOrEqual(2);
  expect(asked()).toBe(2);
  await expect(page.getByRole("region", { name: "Notices" })).toHaveText("");
  await page.goto(`/tasks/${id}`);
  await expect(page.getByRole("checkbox", { name: "Done: Milk" })).toBeChecked();
});

test("tabs share a token instead of asking for one each", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  const asked = countTokens(context, system);
  const tabs = [page, await context.newPage(), await context.newPage()];
  await page.goto("/tasks");
  await expect(rows(page)).toHaveCount(1);
  for (const tab of tabs.slice(1)) {
    await tab.goto("/tasks");
    await expect(rows(tab)).toHaveCount(1);
  }
  expect(asked()).toBe(1);

  const refused = await spoilTokens(context);
  await Promise.all(
    tabs.map(async (tab) => {
      await tab.getByRole("link", { name: "Open", exact: true }).click();
      await expect(rows(tab)).toHaveText(["Milk"]);
      await tab.getByRole("link", { name: "All", exact: true }).click();
      await expect(rows(tab)).toHaveText(["Milk"]);
    }),
  );
  await expect.poll(refused).toBeGreaterThanOrEqual(1);
  expect(asked()).toBe(2);
});

test("sign-out in one tab signs out the others", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  const another = await context.newPage();
  await another.goto("/tasks");
  await expect(rows(another)).toHaveText(["Milk"]);
  await page.goto("/settings");
  await page.getByRole("button", { name: "Sign out", exact: false }).first().click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();

  await expect(another.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await expect(another.getByText("Milk")).toHaveCount(0);
});

test("a page signs out only after it knows whose unsaved text that would lose", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  const other = await context.newPage();
  await openList(page);
  await page.getByLabel("New task").fill("Half a thought");
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await other.route("**/api/auth/get-session*", async (route) => {
    await held;
    await route.fallback();
  });
  await other.goto("/tasks");
  const button = other.getByRole("button", { name: "Sign out" });
  await expect(button).toBeDisabled();
  release();
  await button.click();
  await expect(other.getByText("Sign out and lose unsent changes?")).toBeVisible();
});

test("after the session has ended, the user signs in and returns to the same page", async ({
  page,
  context,
  system,
}) => {
  const { email } = await member(context, system);
  const [id] = await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  await expect(rows(page)).toHaveCount(1);
  await context.request.post(`${system.url}/api/auth/revoke-sessions`, {
    headers: { origin: system.url },
    data: {},
  });
  await spoilTokens(context);

  await page.getByRole("link", { name: "Open Milk" }).click();
  await expect(page.getByText("You were signed out.")).toBeVisible();
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(`/tasks/${id}`);
  await expect(page.getByRole("heading", { name: "Milk" })).toBeVisible();
});

test("another user in the same browser finds no data of the previous one", async ({
  page,
  context,
  system,
}) => {
  await member(context, system, "Ada");
  await haveTasks(context, system, ["Ada's task"]);
  const adas = await tokenOf(context, system);
  await page.goto("/tasks");
  await expect(rows(page)).toHaveText(["Ada's task"]);
  const sent: Promise<Record<string, string>>[] = [];

  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await member(context, system, "Bob");
  page.on("request", (request) => {
    if (request.url().startsWith(system.tasks.url)) sent.push(request.allHeaders());
  });
  await page.goto("/tasks");
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
  const bearers = (await Promise.all(sent)).flatMap(({ authorization = [] }) => authorization);
  expect(bearers.length).toBeGreaterThan(0);
  for (const bearer of bearers) expect(subject(bearer)).not.toBe(subject(adas));
});

test("another user who signs in in another tab is not renamed", async ({ page, context, request, system }) => {
  await member(context, system);
  const email = newAddress();
  await signUp(request, system, email, "Eve");
  await page.goto("/settings");
  await page.getByLabel("Name", { exact: true }).fill("Grace");
  await signIn(context, system, email);
  await page.getByRole("button", { name: "Save name" }).click();
  await expect(page.getByRole("button", { name: "Sign out Eve" })).toBeVisible();
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Eve");
  expect(await page.getByText("Your name has been changed.").count()).toBe(0);
});

/**
 * Signs up another user on a separate device. On the page's device, this user signs in after the
 * service has responded to the next request for the session, but before the page receives the
 * response.
 */
async function switchUserAfterCheck(page: Page, request: APIRequestContext, system: System) {
  const email = newAddress();
  await signUp(request, system, email, "Eve");
  const switchUser = async (route: Route) => {
    const response = await route.fetch();
    await signIn(page.context(), system, email);
    await route.fulfill({ response });
  };
  await page.route("**/get-session", switchUser, { times: 1 });
}

/** Returns the name of the user, and the number of the user's devices. */
async function accountOf(request: APIRequestContext, { url }: System) {
  const session = (await (await request.get(`${url}/api/auth/get-session`)).json()) as { user: { name: string } };
  const devices = (await (await request.get(`${url}/api/auth/list-sessions`)).json()) as object[];
  return { name: session.user.name, devices: devices.length };
}

test("a write that was started before another user signed in does not reach that user", async ({
  page,
  context,
  request,
  system,
}) => {
  await member(context, system);
  await page.goto("/settings");
  await expect(page.getByText("This device")).toBeVisible();
  await switchUserAfterCheck(page, request, system);
  await page.getByLabel("Name", { exact: true }).fill("Grace");
  const isAnswered = page.waitForResponse("**/update-user");
  await page.getByRole("button", { name: "Save name" }).click();
  await isAnswered;
  expect((await accountOf(request, system)).name).toBe("Eve");
});

test("devices of another user who has just signed in stay signed in", async ({ page, context, request, system, playwright }) => {
  const { email } = await member(context, system);
  const other = await playwright.request.newContext();
  await other.post(`${system.url}/api/auth/sign-in/email`, {
    headers: { origin: system.url, "user-agent": "curl/8" },
    data: { email, password: PASSWORD },
  });
  await other.dispose();
  await page.goto("/settings");
  await expect(page.getByRole("button", { name: "Sign out all other devices" })).toBeVisible();
  await switchUserAfterCheck(page, request, system);
  const isAnswered = page.waitForResponse("**/revoke-other-sessions");
  await page.getByRole("button", { name: "Sign out all other devices" }).click();
  await isAnswered;
  expect((await accountOf(request, system)).devices).toBe(2);
});

test("devices of another user are not listed", async ({ page, context, request, system }) => {
  await member(context, system);
  const email = newAddress();
  await signUp(request, system, email, "Eve");
  const switchUser = async (route: Route) => {
    await signIn(context, system, email);
    await route.fulfill({ response: await context.request.get(`${system.url}/api/auth/list-sessions`) });
  };
  await page.route("**/list-sessions", switchUser, { times: 1 });
  await page.goto("/settings");
  await expect(page.getByRole("button", { name: "Sign out Eve" })).toBeVisible();
  await expect(page.getByText("This device")).toBeVisible();
});

test("signing out does not sign out another user", async ({ page, context, request, system }) => {
  await member(context, system);
  const email = newAddress();
  await signUp(request, system, email, "Eve");
  await page.goto("/settings");
  await expect(page.getByText("This device")).toBeVisible();
  await signIn(context, system, email);
  await page.getByRole("button", { name: "Sign out Ada" }).click();
  await expect(page.getByRole("button", { name: "Sign out Eve" })).toBeVisible();
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Eve");
});

test("another user who signs in in another tab is not asked about unsent changes of the previous one", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await page.goto("/tasks");
  await page.getByLabel("New task").fill("Half a thought");
  await page.getByRole("button", { name: "Sign out Ada" }).click();
  await expect(page.getByText("Sign out and lose unsent changes?")).toBeVisible();
  await member(context, system, "Eve");
  // The page fetches the session again when it becomes visible, but at most once in five seconds.
  await expect(async () => {
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await expect(page.locator("header")).toContainText("Eve", { timeout: 1_000 });
  }).toPass();
  await expect(page.getByText("Sign out and lose unsent changes?")).toHaveCount(0);
});

test("a name that cannot be saved because the session has ended is saved after signing in", async ({
  page,
  context,
  system,
}) => {
  const { email } = await member(context, system);
  await page.goto("/settings");
  await page.getByLabel("Name", { exact: true }).fill("Grace");
  await context.request.post(`${system.url}/api/auth/revoke-sessions`, {
    headers: { origin: system.url },
    data: {},
  });
  await page.getByRole("button", { name: "Save name" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await signInHere(page, email);
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Grace");
  await page.getByRole("button", { name: "Save name" }).click();
  await expect(page.getByText("Your name has been changed.")).toBeVisible();
});
