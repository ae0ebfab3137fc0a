// Users never see data of other users, and access tokens are sent only to the task service.

import type { Request } from "@playwright/test";
import {
  addTask,
  haveTasks,
  member,
  newAddress,
  PASSWORD,
  rows,
  signIn,
  signInHere,
  signUp,
  titlesOf,
} from "../support/people";
import { expect, test } from "../support/test";

test("nobody sees or opens another's task", async ({ page, context, system, browser }) => {
  await member(context, system, "Ada");
  const [adas] = await haveTasks(context, system, ["Ada's secret"]);
  await page.goto("/tasks");
  await expect(rows(page)).toHaveText(["Ada's secret"]);

  const elsewhere = await browser.newContext({ baseURL: system.url });
  await member(elsewhere, system, "Bob");
  const bobs = await elsewhere.newPage();
  await bobs.goto("/tasks");
  await expect(bobs.getByText("Nothing to do yet")).toBeVisible();

  const answer = bobs.waitForResponse(`${system.tasks.url}/api/tasks/${adas}`);
  await bobs.goto(`/tasks/${adas}`);
  expect((await answer).status()).toBe(403);
  await expect(bobs.getByRole("heading", { name: "This task is not yours" })).toBeVisible();
  await expect(bobs.getByText("Ada's secret")).toHaveCount(0);
  await bobs.getByRole("link", { name: "Go to your tasks" }).click();
  await expect(bobs.getByText("Nothing to do yet")).toBeVisible();
  await elsewhere.close();
});

test("a notice about a task is not shown to the next user", async ({ page, context, system, browser }) => {
  const stranger = await browser.newContext();
  const bob = await member(stranger, system, "Bob");
  await stranger.close();
  await member(context, system, "Ada");
  await haveTasks(context, system, ["Ada's secret", "Ada's other"]);
  await page.goto("/tasks");
  const other = await context.newPage();
  await other.goto("/tasks");
  await expect(rows(other)).toHaveCount(2);
  await page.getByRole("button", { name: "Delete Ada's secret" }).click();
  await other.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await signInHere(page, bob.email);
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
  await expect(page.getByText("Ada's")).toHaveCount(0);
});

test("the token is sent to the task service, and nowhere else", async ({
  page,
  context,
  system,
}) => {
  const sent: [string, string | undefined][] = [];
  const keep = async (request: Request) => {
    const { authorization } = await request.allHeaders();
    sent.push([new URL(request.url()).origin, authorization]);
  };
  const kept: Promise<void>[] = [];
  context.on("request", (request) => kept.push(keep(request)));
  await member(context, system);
  await page.goto("/tasks");
  await addTask(page, "Milk");
  await page.getByRole("link", { name: "Open Milk" }).click();
  await page.getByRole("link", { name: "Settings" }).click();
  await expect(page.getByText("This device")).toBeVisible();
  await Promise.all(kept);

  const origins = new Set(sent.map(([origin]) => origin));
  expect([...origins].sort()).toEqual([system.url, system.tasks.url].sort());
  for (const [origin, authorization] of sent) {
    if (origin === system.url) expect(authorization).toBeUndefined();
  }
  const tokens = sent.filter(([origin]) => origin === system.tasks.url).map(([, token]) => token);
  const bearers = tokens.filter((token) => token !== undefined);
  expect(bearers.length).toBeGreaterThanOrEqual(3);
  for (const bearer of bearers) expect(bearer).toMatch(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/);
});

test("no token is stored, shown in an address or written to the console", async ({
  page,
  context,
}) => {
  const said: string[] = [];
  page.on("console", (message) => said.push(message.text()));
  const email = newAddress();
  await page.goto("/auth/signup");
  await page.getByLabel("Name").fill("Ada");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  await addTask(page, "Milk");
  await expect(page.getByRole("link", { name: "Open Milk" })).toBeVisible();

  const stored = await page.evaluate(async () => {
    const databases = (await indexedDB.databases()).map(({ name }) => name);
    const caches = await window.caches.keys();
    return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, databases, caches]);
  });
  const addresses = await page.evaluate(() => [location.href, JSON.stringify(history.state)]);
  const [cookie] = (await context.cookies()).filter(({ name }) => name.endsWith("session_token"));
  const [session] = decodeURIComponent(cookie?.value ?? "").split(".");
  expect(session).toHaveLength(32);
  expect(cookie?.httpOnly).toBe(true);
  for (const text of [stored, ...addresses, ...said]) {
    expect(text).not.toMatch(/eyJ[\w-]+\./);
    expect(text).not.toContain(session);
  }
});

test("the web app works under its content security policy", async ({ page, errors }) => {
  const answer = await page.goto("/auth/signin");
  const policy = answer?.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("unsafe");
  const outcome = await page.evaluate(async () => {
    const script = document.createElement("script");
    script.textContent = "window.wasInjected = true";
    document.head.append(script);
    const reached = await fetch("http://127.0.0.1:9/").then(
      () => "reached",
      () => "refused",
    );
    return ["wasInjected" in window, reached];
  });
  expect(outcome).toEqual([false, "refused"]);
  const refusals = errors.splice(0).filter((text) => text.includes("Content Security Policy"));
  expect(refusals.length).toBeGreaterThanOrEqual(2);
});

test("a change is never sent as another user, who signs in meanwhile", async ({ page, context, system, playwright }) => {
  await member(context, system);
  const request = await playwright.request.newContext();
  const email = newAddress();
  await signUp(request, system, email, "Bob");
  await page.goto("/tasks");
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
  let sent = 0;
  let refuse = () => {};
  const isSwitched = new Promise<void>((resolve) => {
    refuse = resolve;
  });
  await page.route("**/api/tasks", async (route) => {
    if (route.request().method() !== "POST") return await route.fallback();
    sent += 1;
    if (sent > 1) return await route.fallback();
    await isSwitched;
    const headers = { "access-control-allow-origin": system.url };
    await route.fulfill({ status: 401, headers, json: { code: "invalid_token" } });
  });
  await addTask(page, "Ada's thought");
  await expect.poll(() => sent).toBe(1);
  await context.clearCookies();
  await signIn(context, system, email);
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await expect(page.getByRole("button", { name: "Sign out Bob" })).toBeVisible();
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
  const isRefused = page.waitForResponse((response) => response.request().method() === "POST");
  refuse();
  await isRefused;
  await addTask(page, "Bob's thought");
  await expect(page.getByRole("link", { name: "Open Bob's thought" })).toBeVisible();
  expect(await titlesOf(context, system)).toEqual(["Bob's thought"]);
  await request.dispose();
});

test("a change that waits for the settings is not sent as another user", async ({
  page,
  context,
  system,
  playwright,
}) => {
  await member(context, system);
  const request = await playwright.request.newContext();
  const email = newAddress();
  await signUp(request, system, email, "Bob");
  await request.dispose();
  let release = () => {};
  const isSwitched = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/config.json", async (route) => {
    await isSwitched;
    await route.continue();
  });
  await page.goto("/tasks");
  await addTask(page, "Ada's thought");
  await signIn(context, system, email);
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await expect(page.getByRole("button", { name: "Sign out Bob" })).toBeVisible();
  release();
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
  await addTask(page, "Bob's thought");
  await expect(page.getByRole("link", { name: "Open Bob's thought" })).toBeVisible();
  expect(await titlesOf(context, system)).toEqual(["Bob's thought"]);
});
