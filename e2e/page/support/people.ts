// User actions that the tests share.

import { randomUUID } from "node:crypto";
import { type APIRequestContext, type BrowserContext, expect, type Locator, type Page } from "@playwright/test";
import type { System } from "./services";

export const PASSWORD = "correct horse 42";
export const NEW_PASSWORD = "another password 7";

export const newAddress = () => `ada-${randomUUID()}@example.com`;

/** Signs up a new user through the API. Afterwards, the user is signed in on the device. */
export async function member(context: BrowserContext, system: System, name = "Ada") {
  const email = newAddress();
  await signUp(context.request, system, email, name);
  return { email, name };
}

export async function signUp(
  request: APIRequestContext,
  { url }: System,
  email: string,
  name = "Ada",
): Promise<void> {
  const answer = await request.post(`${url}/api/auth/sign-up/email`, {
    headers: { origin: url },
    data: { name, email, password: PASSWORD },
  });
  expect(answer.ok()).toBe(true);
}

/** Signs in an existing user on a device, through the API. */
export async function signIn(context: BrowserContext, { url }: System, email: string) {
  const answer = await context.request.post(`${url}/api/auth/sign-in/email`, {
    headers: { origin: url },
    data: { email, password: PASSWORD },
  });
  expect(answer.ok()).toBe(true);
}

/** Fills in and submits the sign-in form that the page shows. */
export async function signInHere(page: Page, email: string): Promise<void> {
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Returns an access token for the user who is signed in on the device. */
export async function tokenOf(context: BrowserContext, { url }: System): Promise<string> {
  const answer = await context.request.get(`${url}/api/auth/token`);
  return ((await answer.json()) as { token: string }).token;
}

/** Returns the user id in an access token. */
export function subject(token: string): string {
  const claims = Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
  return (JSON.parse(claims) as { sub: string }).sub;
}

/** Creates tasks in this order, so that the last one is the newest. Returns their ids. */
export async function haveTasks(
  context: BrowserContext,
  system: System,
  titles: string[],
): Promise<string[]> {
  const authorization = `Bearer ${await tokenOf(context, system)}`;
  const ids: string[] = [];
  for (const title of titles) ids.push(await createTask(system, authorization, title));
  return ids;
}

/** Creates a large number of tasks concurrently, in no particular order. */
export async function haveManyTasks(context: BrowserContext, system: System, count: number) {
  const authorization = `Bearer ${await tokenOf(context, system)}`;
  let left = count;
  const lane = async () => {
    while (left > 0) await createTask(system, authorization, `Task ${left--}`);
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}

/** Returns the titles of the user's tasks that the service has stored, newest first. */
export async function titlesOf(context: BrowserContext, system: System): Promise<string[]> {
  const authorization = `Bearer ${await tokenOf(context, system)}`;
  const answer = await fetch(`${system.tasks.url}/api/tasks`, { headers: { authorization } });
  return ((await answer.json()) as { title: string }[]).map(({ title }) => title);
}

async function createTask({ tasks }: System, authorization: string, title: string) {
  const answer = await fetch(`${tasks.url}/api/tasks`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ title }),
  });
  return ((await answer.json()) as { id: string }).id;
}

/**
 * Opens the list and waits until it is ready. By then, the page has loaded the text that tabs have
 * stored, so it does not take over text that another tab stores later.
 */
export async function openList(page: Page): Promise<void> {
  await page.goto("/tasks");
  await expect(page.getByLabel("New task")).toBeVisible();
}

export async function addTask(page: Page, title: string): Promise<void> {
  await page.getByLabel("New task").fill(title);
  await page.getByLabel("New task").press("Enter");
}

export const rows = (page: Page): Locator => page.getByRole("list", { name: "Tasks" }).getByRole("listitem");

export const rowOf = (page: Page, title: string): Locator => rows(page).filter({ hasText: title });

export const tick = (page: Page, title: string): Locator =>
  page.getByRole("checkbox", { name: `Done: ${title}`, exact: true });
