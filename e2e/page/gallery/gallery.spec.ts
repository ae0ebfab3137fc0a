// Every page in German, in both themes and at two widths. Some of the tasks have long or
// right-to-left text.

import type { BrowserContext, Page } from "@playwright/test";
import { haveTasks, member, newAddress, PASSWORD, tokenOf } from "../support/people";
import type { System } from "../support/services";
import { expect, test } from "../support/test";

const WIDTHS = [320, 1280];
const THEMES = ["light", "dark"] as const;

const TITLES = [
  "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenfabrikant anrufen und nach einem Termin fragen",
  "שיחה עם סבתא (טל' 03-5551234) לפני שבת",
  "اشترِ الحليب والخبز من المتجر القريب من المنزل قبل الساعة السادسة مساءً",
  "Zug nach Lissabon buchen",
];

/**
 * Takes a screenshot in both themes at each width, and checks that the page is not wider than the
 * window. Set `fullPage` to false for a dialog, which covers only the viewport.
 */
async function shoot(page: Page, name: string, fullPage = true): Promise<void> {
  for (const colorScheme of THEMES) {
    await page.emulateMedia({ colorScheme });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: width === 320 ? 640 : 800 });
      await page.screenshot({ path: `screenshots/german/${name}-${colorScheme}-${width}.png`, fullPage });
      const excess = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect.soft(excess, `${name} at ${width} px is wider than the window`).toBeLessThanOrEqual(0);
    }
  }
}

async function change(context: BrowserContext, system: System, id: string, fields: object) {
  const response = await fetch(`${system.tasks.url}/api/tasks/${id}`, {
    method: "PATCH",
    headers: {
      authorization: `Bearer ${await tokenOf(context, system)}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(fields),
  });
  expect(response.ok).toBe(true);
}

test("accounts", async ({ page }) => {
  for (const [path, heading] of [
    ["signin", "Anmelden"],
    ["signup", "Konto anlegen"],
    ["forgot-password", "Passwort zurücksetzen"],
    ["reset-password?token=x", "Neues Passwort wählen"],
    ["reset-password?error=INVALID_TOKEN", "Dieser Link funktioniert nicht"],
    ["verify-email", "Adresse bestätigen"],
    ["verify-email?verified=yes", "Ihre Adresse ist bestätigt"],
  ] as const) {
    await page.goto(`/auth/${path}`);
    await expect.soft(page.getByRole("heading", { name: heading })).toBeVisible({ timeout: 5_000 });
    await shoot(page, `auth-${path.replaceAll(/\W+/g, "-")}`);
  }
  await page.goto("/auth/signup");
  await page.locator("[type=submit]").click();
  await shoot(page, "auth-signup-mistakes");
  await page.goto("/auth/signin");
  await page.locator("[name=email]").fill(newAddress());
  await page.locator("[name=password]").fill("wrong password");
  await page.locator("[type=submit]").click();
  await expect(page.locator("[aria-invalid=true]")).toBeVisible();
  await shoot(page, "auth-signin-refused");
  await page.goto("/auth/forgot-password");
  await page.locator("[name=email]").fill(newAddress());
  await page.locator("[type=submit]").click();
  await expect(page.locator("strong")).toBeVisible();
  await shoot(page, "auth-forgot-password-sent");
});

test("tasks", async ({ page, context, system }) => {
  await member(context, system, "יעל");
  await page.goto("/tasks");
  await expect(page.locator("[data-shortcut=new-task]")).toBeVisible();
  await shoot(page, "tasks-empty");
  const [first = ""] = await haveTasks(context, system, TITLES);
  await change(context, system, first, { completed: true, description: "Nur vormittags" });
  await page.reload();

  await expect(page.locator("[data-control=edit]")).toHaveCount(TITLES.length);
  await shoot(page, "tasks");
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toBeVisible();
  await shoot(page, "tasks-shortcuts", false);
  await page.keyboard.press("Escape");
  await page.goto("/tasks?show=done");
  await expect(page.locator("[data-control=edit]")).toHaveCount(1);
  await shoot(page, "tasks-done");
  await page.goto("/tasks?show=open&q=zug&sort=title");
  await expect(page.locator("[data-control=edit]")).toHaveCount(1);
  await shoot(page, "tasks-filtered");
  await page.goto("/tasks?q=nichts");
  await expect(page.getByText("Nichts gefunden")).toBeVisible();
  await shoot(page, "tasks-nothing-found");
  await page.goto("/tasks");
  await page.locator("[data-control=delete]").nth(1).click();
  await page.locator("[data-control=edit]").nth(1).click();
  await shoot(page, "tasks-editing");
  await page.goto("/nirgends");
  await expect(page.locator("h1")).toBeVisible();
  await shoot(page, "not-found");
  await page.goto("/tasks/01900000-0000-7000-8000-000000000000");
  await expect(page.locator("main h1")).toBeVisible();
  await shoot(page, "task-missing");
});

test("one task", async ({ page, context, system }) => {
  await member(context, system, "Ada");
  const [id = "", hebrew = ""] = await haveTasks(context, system, TITLES);
  await change(context, system, id, { description: "Siehe https://example.com/ein/langer/weg?mit=parametern&und=mehr\n\nZwei Liter" });
  await page.goto(`/tasks/${id}`);
  await expect(page.locator("textarea")).toBeVisible();
  await shoot(page, "task");
  await page.goto(`/tasks/${hebrew}`);
  await page.locator("textarea").fill("להביא פרחים, 2 ק\"ג תפוחים (ירוקים!)");
  await shoot(page, "task-right-to-left");
  await change(context, system, hebrew, { description: "Von einem anderen Gerät", title: "Grandma" });
  await page.locator("form [type=submit]").click();
  await expect(page.getByRole("alert")).toBeVisible();
  await shoot(page, "task-conflict");
  await page.getByRole("link", { name: "Alle Aufgaben" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await shoot(page, "task-leave", false);
  await page.reload();
  await expect(page.locator("textarea")).toBeVisible();
  await shoot(page, "task-restored");
});

test("outages", async ({ page, context, system }) => {
  await member(context, system, "Ada");
  await haveTasks(context, system, TITLES);
  await page.goto("/tasks");
  await expect(page.locator("[data-control=edit]")).toHaveCount(TITLES.length);
  await context.setOffline(true);
  await addTaskHere(page, "نص عربي كُتب في نفق");
  await page.locator("[data-control=tick]").nth(1).click();
  await expect(page.getByText("Noch nicht gespeichert").first()).toBeVisible();
  await shoot(page, "tasks-offline");
  await page.locator("nav button").click();
  await expect(page.getByRole("dialog").or(page.getByRole("alert"))).toBeVisible();
  await shoot(page, "tasks-leave-unsent", false);
  await page.keyboard.press("Escape");
  await context.setOffline(false);
  await page.route("**/api/tasks/**", (route) =>
    route.fulfill({
      status: 500,
      headers: { "access-control-allow-origin": system.url },
      contentType: "application/problem+json",
      body: "{}",
    }),
  );
  await page.locator("[data-control=tick]").nth(2).click();
  await expect(page.getByText("Nicht gespeichert").first()).toBeVisible();
  await shoot(page, "tasks-not-saved");
  await page.route("**/api/tasks*", (route) => route.abort());
  await page.reload();
  await expect(page.getByRole("alert").first()).toBeVisible();
  await shoot(page, "tasks-error");
  await page.route("**/api/auth/get-session", (route) => route.abort());
  await page.reload();
  await expect(page.locator("main h1")).toBeVisible();
  await shoot(page, "unreachable");
});

test("deleted elsewhere", async ({ page, context, system }) => {
  await member(context, system, "Ada");
  const [first = "", second = ""] = await haveTasks(context, system, TITLES);
  await page.goto("/tasks");
  await expect(page.locator("[data-control=edit]")).toHaveCount(TITLES.length);
  const authorization = `Bearer ${await tokenOf(context, system)}`;
  for (const id of [first, second]) {
    await fetch(`${system.tasks.url}/api/tasks/${id}`, { method: "DELETE", headers: { authorization } });
  }
  await page.locator("[data-control=tick]").nth(2).click();
  await expect(page.getByText("Nicht gespeichert").first()).toBeVisible();
  await page.locator("[data-control=open]").nth(3).click();
  await expect(page.getByRole("heading", { name: "Diese Aufgabe gibt es nicht" })).toBeVisible();
  await shoot(page, "task-gone");
  await page.goto("/tasks");
  await expect(page.getByText("Nicht gespeichert").first()).toBeVisible();
  await shoot(page, "tasks-gone");
});

test("unsaved text of a task that was deleted elsewhere", async ({ page, context, system }) => {
  await member(context, system, "Ada");
  const [id = ""] = await haveTasks(context, system, TITLES);
  await page.goto(`/tasks/${id}`);
  await page.locator("textarea").fill("Nur vormittags, und nur mit Termin");
  const authorization = `Bearer ${await tokenOf(context, system)}`;
  await fetch(`${system.tasks.url}/api/tasks/${id}`, { method: "DELETE", headers: { authorization } });
  await page.locator("form [type=submit]").click();
  await expect(page.getByRole("alert")).toBeVisible();
  await shoot(page, "task-deleted-elsewhere");
  await page.goto("/tasks");
  await expect(page.locator("[data-control=edit]")).toHaveCount(TITLES.length - 1);
  await shoot(page, "tasks-deleted-elsewhere");
});

test("settings", async ({ page, context, system }) => {
  await member(context, system, "عبد الرحمن");
  await page.goto("/settings");
  await expect(page.locator("[data-control=revoke]").or(page.getByText("Dieses Gerät"))).toBeVisible();
  await shoot(page, "settings");
  await page.getByRole("button", { name: "Konto löschen …" }).click();
  await shoot(page, "settings-delete", false);
});

test("an account whose deletion has an unknown outcome", async ({ page, context, system }) => {
  await member(context, system, "Ada");
  await page.goto("/settings");
  await page.getByRole("button", { name: "Konto löschen …" }).click();
  await page.route("**/delete-user", async (route) => {
    await page.route("**/get-session", (session) => session.abort());
    await route.abort();
  });
  await page.getByRole("dialog").locator("[name=password]").fill(PASSWORD);
  await page.getByRole("dialog").locator("[type=submit]").click();
  await expect(page.getByText("gelöscht").last()).toBeVisible();
  await shoot(page, "settings-delete-unknown", false);
});

async function addTaskHere(page: Page, title: string): Promise<void> {
  await page.locator("[data-shortcut=new-task]").fill(title);
  await page.keyboard.press("Enter");
}
