// Unsaved text is kept: in the settings, when several tabs are open, during requests and after
// conflicts.

import type { BrowserContext, Page } from "@playwright/test";
import { haveTasks, member, openList, signInHere, titlesOf, tokenOf } from "../support/people";
import type { System } from "../support/services";
import { expect, test } from "../support/test";

/** Holds all requests with this method to `url` until the returned function is called. */
async function hold(page: Page, url: string, method: string): Promise<() => void> {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(url, async (route) => {
    if (route.request().method() === method) await held;
    await route.fallback().catch(() => {});
  });
  return release;
}

/** Sends a request for a task as another of the user's devices would, and expects success. */
async function ask(context: BrowserContext, system: System, id: string, method: string, change?: object) {
  const authorization = `Bearer ${await tokenOf(context, system)}`;
  const response = await fetch(`${system.tasks.url}/api/tasks/${id}`, {
    method,
    headers: { authorization, "content-type": "application/json" },
    ...(change && { body: JSON.stringify(change) }),
  });
  expect(response.ok).toBe(true);
  return response;
}

async function notesOf(context: BrowserContext, system: System, id: string): Promise<unknown> {
  const response = await ask(context, system, id, "GET");
  return ((await response.json()) as { description: unknown }).description;
}

/** Waits until the browser has stored this text. */
async function isStored(page: Page, text: string) {
  const stored = () =>
    page.evaluate(
      () =>
        new Promise<string>((resolve, reject) => {
          const request = indexedDB.open("tasks-web-app");
          request.onerror = () => reject(request.error);
          request.onsuccess = () => {
            const values = request.result.transaction("unsent").objectStore("unsent").getAll();
            values.onsuccess = () => {
              request.result.close();
              resolve(JSON.stringify(values.result));
            };
          };
        }),
    );
  await expect.poll(stored).toContain(text);
}

const nameField = (page: Page) => page.getByLabel("Name", { exact: true });

test("a name that is not saved survives another page, another language and a reload", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/settings");
  await nameField(page).fill("Grace");
  await page.getByLabel("New e-mail address").fill("grace@example.com");
  await page.getByRole("link", { name: "Tasks", exact: true }).last().click();
  await expect(page.getByRole("heading", { name: "Tasks" })).toBeVisible();
  await page.getByRole("link", { name: "Settings" }).click();
  await expect(nameField(page)).toHaveValue("Grace");
  await expect(page.getByLabel("New e-mail address")).toHaveValue("grace@example.com");

  await page.getByLabel("Language").selectOption("de");
  await page.getByLabel("Sprache").selectOption("en");
  await expect(nameField(page)).toHaveValue("Grace");
  await page.reload();
  await expect(nameField(page)).toHaveValue("Grace");
  await page.getByRole("button", { name: "Discard them" }).first().click();
  await expect(nameField(page)).toHaveValue("Ada");
  await expect(page.getByLabel("New e-mail address")).toHaveValue("grace@example.com");
});

test("a password that is being typed survives another language", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/settings");
  await page.getByLabel("Current password", { exact: true }).fill("correct horse 42");
  await page.getByLabel("Sign out other devices").uncheck();
  await page.getByLabel("Language").focus();
  await page.getByLabel("Language").selectOption("de");
  await expect(page.getByRole("heading", { name: "Einstellungen" })).toBeVisible();
  await expect(page).toHaveTitle(/Einstellungen/);
  await expect(page.getByLabel("Jetziges Passwort", { exact: true })).toHaveValue("correct horse 42");
  await expect(page.getByRole("checkbox", { name: "Andere Geräte abmelden" })).not.toBeChecked();
  await expect(page.getByLabel("Sprache")).toBeFocused();
});

test("a name that is not saved survives the end of the session, and a saved one is kept no longer", async ({
  page,
  context,
  system,
}) => {
  const { email } = await member(context, system);
  await page.goto("/settings");
  await nameField(page).fill("Grace");
  await isStored(page, "Grace");
  await context.request.post(`${system.url}/api/auth/revoke-sessions`, {
    headers: { origin: system.url },
    data: {},
  });
  await page.reload();
  await signInHere(page, email);
  await expect(nameField(page)).toHaveValue("Grace");
  await page.getByRole("button", { name: "Save name" }).click();
  await expect(page.getByText("Your name has been changed.")).toBeVisible();
  await expect(page.getByText("have been restored")).toHaveCount(0);
  await page.getByRole("button", { name: "Sign out Grace" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
});

test("a name that is changed back before the new one is shown stays", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/settings");
  await nameField(page).fill("Grace");
  let release = () => {};
  await page.route("**/update-user", async (route) => {
    release = await hold(page, "**/get-session**", "GET");
    await route.fallback();
  });
  await page.getByRole("button", { name: "Save name" }).click();
  await expect(page.getByText("Your name has been changed.")).toBeVisible();
  await nameField(page).fill("Ada");
  release();
  await page.unroute("**/update-user");
  await expect(page.getByRole("button", { name: "Sign out Grace" })).toBeVisible();
  await expect(nameField(page)).toHaveValue("Ada");
  await page.getByRole("button", { name: "Save name" }).click();
  await expect(page.getByRole("button", { name: "Sign out Ada" })).toBeVisible();
});

test("an address that is typed while another one is being sent stays", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/settings");
  const release = await hold(page, "**/change-email", "POST");
  const field = page.getByLabel("New e-mail address");
  await field.fill("first@example.com");
  await page.getByRole("button", { name: "Change address" }).click();
  await field.fill("second@example.com");
  release();
  await expect(page.getByText("Open the link in the e-mail to first@example.com")).toBeVisible();
  await expect(field).toHaveValue("second@example.com");
});

test("the focus stays in a field that is being corrected", async ({ page }) => {
  await page.goto("/auth/signup");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(nameField(page)).toBeFocused();
  await page.keyboard.type("Ada");
  await expect(nameField(page)).toHaveValue("Ada");
});

test("a title that is typed back to the original during a save stays", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  const release = await hold(page, "**/api/tasks/**", "PATCH");
  await page.getByLabel("Title").fill("Oat milk");
  await page.getByRole("button", { name: "Save changes" }).click();
  await page.getByLabel("Title").fill("Milk");
  release();
  await expect(page.getByText("Saved.")).toBeVisible();
  await expect(page.getByLabel("Title")).toHaveValue("Milk");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect.poll(() => titlesOf(context, system)).toEqual(["Milk"]);
});

test("newer text of another tab survives, although an older copy is used up", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/tasks");
  await page.getByLabel("New task").fill("Half");
  await isStored(page, "Half");
  const other = await context.newPage();
  await other.goto("/tasks");
  await expect(other.getByLabel("New task")).toHaveValue("Half");
  await page.getByLabel("New task").fill("Half a thought");
  await isStored(page, "Half a thought");
  await other.getByLabel("New task").fill("Half of it");
  await other.getByLabel("New task").press("Enter");
  await expect(other.getByRole("link", { name: "Open Half of it" })).toBeVisible();
  await page.close();
  await other.reload();
  await expect(other.getByLabel("New task")).toHaveValue("Half a thought");
});

test("the text that was typed last is restored, although an older tab was used later", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await page.goto("/tasks");
  await page.getByLabel("New task").fill("Half");
  await isStored(page, "Half");
  const other = await context.newPage();
  await other.goto("/tasks");
  await other.getByLabel("New task").fill("Half a thought");
  await isStored(other, "Half a thought");
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await isStored(page, '"title":"Half"');
  await page.close();
  await other.reload();
  await expect(other.getByLabel("New task")).toHaveValue("Half a thought");
});

test("after a reload, each of two tabs shows its own unsaved text", async ({ page, context, system }) => {
  await member(context, system);
  await openList(page);
  const other = await context.newPage();
  await openList(other);
  await page.getByLabel("New task").fill("Milk");
  await isStored(page, "Milk");
  await other.getByLabel("New task").fill("Bread");
  await isStored(other, "Bread");
  for (const [tab, text] of [
    [page, "Milk"],
    [other, "Bread"],
    [page, "Milk"],
  ] as const) {
    await tab.reload();
    await expect(tab.getByLabel("New task")).toHaveValue(text);
  }
});

test("the text that was typed last is restored, although another tab opened the task later", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Notes").fill("Two");
  await isStored(page, "Two");
  const other = await context.newPage();
  await openList(other);
  await page.getByLabel("Notes").fill("Two litres");
  await isStored(page, "Two litres");
  // The other tab has loaded the text that was stored before.
  await other.getByRole("link", { name: "Open Milk" }).click();
  await expect(other.getByLabel("Notes")).toHaveValue("Two");
  await isStored(other, '"description":"Two"');
  for (const tab of [page, other]) await tab.close();
  const next = await context.newPage();
  await next.goto(`/tasks/${id}`);
  await expect(next.getByLabel("Notes")).toHaveValue("Two litres");
});

test("a duplicate of a tab does not replace newer text of that tab", async ({ page, context, system }) => {
  await member(context, system);
  await openList(page);
  await page.getByLabel("New task").fill("Half");
  await isStored(page, "Half");
  // Like a duplicated tab, a page that is opened by a script starts with a copy of the session storage.
  const opened = context.waitForEvent("page");
  await page.evaluate(() => void window.open(window.location.href));
  const duplicate = await opened;
  await expect(duplicate.getByLabel("New task")).toHaveValue("Half");
  await page.getByLabel("New task").fill("Half a thought");
  await isStored(page, "Half a thought");
  await duplicate.evaluate(() => window.dispatchEvent(new Event("focus")));
  // The database is read after it has been written.
  await isStored(duplicate, '"title":"Half"');
  await page.close();
  await duplicate.reload();
  await expect(duplicate.getByLabel("New task")).toHaveValue("Half a thought");
});

test("text is stored although the page is closed before it can do anything else", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await openList(page);
  await page.evaluate(() => {
    // Called after the listeners of the web app.
    window.addEventListener("input", () => {
      console.log("typed");
      for (const end = Date.now() + 5_000; Date.now() < end; );
    });
  });
  const typed = page.waitForEvent("console", (message) => message.text() === "typed");
  const typing = page.getByLabel("New task").fill("Milk").catch(() => undefined);
  await typed;
  await page.close();
  await typing;
  const next = await context.newPage();
  await next.goto("/tasks");
  await expect(next.getByLabel("New task")).toHaveValue("Milk");
});

test("on a full disk, the last stored text stays stored", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/tasks");
  await page.getByLabel("New task").fill("Half");
  await isStored(page, "Half");
  await page.reload();
  await expect(page.getByLabel("New task")).toHaveValue("Half");
  await page.evaluate(() => {
    IDBObjectStore.prototype.put = () => {
      throw new DOMException("The disk is full.", "QuotaExceededError");
    };
  });
  await page.getByLabel("New task").fill("Half a thought");
  await isStored(page, "Half");
  // `close` skips `beforeunload`, so the page cannot ask for confirmation.
  await page.close();
  const next = await context.newPage();
  await next.goto("/tasks");
  await expect(next.getByLabel("New task")).toHaveValue("Half");
});

test("a discarded change leaves the editor, too", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await page.route("**/api/tasks/**", async (route) => {
    if (route.request().method() !== "PATCH") return await route.fallback();
    await route.fulfill({ status: 503, headers: { "access-control-allow-origin": system.url }, body: "{}" });
  });
  await page.getByLabel("Notes").fill("Two litres");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Saved in this browser")).toBeVisible();
  await page.getByRole("button", { name: "Discard" }).click();
  await expect(page.getByLabel("Notes")).toHaveValue("");
});

test("the other version of a title leaves the notes in the editor", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Title").fill("Oat milk");
  await page.getByLabel("Notes").fill("Two litres");
  await ask(context, system, id, "PATCH", { title: "Soy milk" });
  await page.getByRole("button", { name: "Save changes" }).click();
  await page.getByRole("button", { name: "Use the other version" }).click();
  await expect(page.getByLabel("Title")).toHaveValue("Soy milk");
  await expect(page.getByLabel("Notes")).toHaveValue("Two litres");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect.poll(() => notesOf(context, system, id)).toBe("Two litres");
});

test("the other version of a title leaves the notes of a change in the list", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  const release = await hold(page, "**/api/tasks/**", "PATCH");
  await page.getByLabel("Title").fill("Oat milk");
  await page.getByLabel("Notes").fill("Two litres");
  await page.getByRole("button", { name: "Save changes" }).click();
  await page.getByRole("link", { name: "All tasks" }).click();
  await ask(context, system, id, "PATCH", { title: "Soy milk" });
  release();
  await page.getByRole("button", { name: "Use the other one" }).click();
  await expect.poll(() => notesOf(context, system, id)).toBe("Two litres");
  expect(await titlesOf(context, system)).toEqual(["Soy milk"]);
});

test("text that is typed while signing out is kept", async ({ page, context, system }) => {
  const { email } = await member(context, system);
  await page.goto("/tasks");
  const signingOut = page.waitForRequest("**/sign-out");
  const release = await hold(page, "**/sign-out", "POST");
  await page.getByRole("button", { name: "Sign out Ada" }).click();
  await signingOut;
  await page.getByLabel("New task").fill("Half a thought");
  release();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await signInHere(page, email);
  await expect(page.getByLabel("New task")).toHaveValue("Half a thought");
});

test("the list leads to unsaved text of a task that was deleted elsewhere", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Notes").fill("Two litres");
  await isStored(page, "Two litres");
  await page.close();
  await ask(context, system, id, "DELETE");
  const next = await context.newPage();
  await next.goto("/tasks");
  await expect(next.getByText("Nothing to do yet")).toBeVisible();
  await next.getByRole("link", { name: "Continue editing Milk" }).click();
  await expect(next.getByLabel("Notes")).toHaveValue("Two litres");
  await next.getByRole("button", { name: "Add as a new task" }).click();
  await expect(next.getByRole("link", { name: "Open Milk" })).toBeVisible();
  await expect(next.getByText("has unsaved changes")).toHaveCount(0);
});
