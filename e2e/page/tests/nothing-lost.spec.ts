// User input survives reloads, slow connections, ended sessions and changes on other devices.

import type { BrowserContext, Page } from "@playwright/test";
import {
  addTask,
  haveTasks,
  member,
  openList,
  rowOf,
  rows,
  signInHere,
  tick,
  titlesOf,
  tokenOf,
} from "../support/people";
import type { System } from "../support/services";
import { expect, test } from "../support/test";

/** Holds all requests that change tasks until the returned function is called. */
async function holdWrites(page: Page): Promise<() => void> {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/api/tasks**", async (route) => {
    if (["GET", "OPTIONS"].includes(route.request().method())) return await route.fallback();
    await held;
    await route.fallback().catch(() => {});
  });
  return release;
}

/**
 * Holds the responses to list requests whose URL contains `part`, until the returned `release` is
 * called. The other returned value is a promise that the first of these responses resolves.
 */
async function holdLists(page: Page, part: string) {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let tell = () => {};
  const answered = new Promise<void>((resolve) => {
    tell = resolve;
  });
  await page.route("**/api/tasks?**", async (route) => {
    if (!route.request().url().includes(part)) return await route.fallback();
    const response = await route.fetch();
    tell();
    await held;
    await route.fulfill({ response }).catch(() => {});
  });
  return { answered, release };
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

async function deleteElsewhere(context: BrowserContext, system: System, id: string) {
  const authorization = `Bearer ${await tokenOf(context, system)}`;
  const url = `${system.tasks.url}/api/tasks/${id}`;
  expect((await fetch(url, { method: "DELETE", headers: { authorization } })).ok).toBe(true);
}

/** Makes the web app fetch the list again, as it does when its tab becomes visible. */
async function refreshList(page: Page) {
  const response = page.waitForResponse((response) => response.url().includes("limit="));
  await page.evaluate(() => window.dispatchEvent(new Event("visibilitychange")));
  await (await response).finished();
}

async function taskOf(context: BrowserContext, system: System, id: string) {
  const authorization = `Bearer ${await tokenOf(context, system)}`;
  const response = await fetch(`${system.tasks.url}/api/tasks/${id}`, { headers: { authorization } });
  return (await response.json()) as { description: unknown; completed: boolean };
}

const notesOf = async (context: BrowserContext, system: System, id: string) =>
  (await taskOf(context, system, id)).description;

async function endSession(context: BrowserContext, system: System) {
  await context.request.post(`${system.url}/api/auth/revoke-sessions`, {
    headers: { origin: system.url },
    data: {},
  });
}

/** Returns the titles in the browser's database of unsent changes and drafts, sorted. */
const unsentTitles = (page: Page) =>
  page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = indexedDB.open("tasks-web-app");
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    const values = await new Promise<unknown[]>((resolve) => {
      const asking = database.transaction("unsent").objectStore("unsent").getAll();
      asking.onsuccess = () => resolve(asking.result);
    });
    database.close();
    const titles = values.flatMap((value) => /"title":"([^"]+)"/.exec(JSON.stringify(value))?.[1] ?? []);
    return titles.sort();
  });

test("tasks typed on a slow connection survive a reload, in their order", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/tasks");
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
  await holdWrites(page);
  const titles = ["One", "Two", "Three", "Four", "Five", "Six"];
  for (const title of titles) await addTask(page, title);
  await expect(rows(page)).toHaveCount(6);
  // Wait until all tasks are stored in the browser: otherwise the reload would put the last title
  // back into the field.
  await expect.poll(() => unsentTitles(page)).toEqual(titles.toSorted());

  await page.unroute("**/api/tasks**");
  await page.reload();
  await expect(page.getByRole("link", { name: "Open Six" })).toBeVisible();
  await expect(rows(page)).toHaveText(titles.toReversed());
  expect(await titlesOf(context, system)).toEqual(titles.toReversed());
});

test("a task is listed although the list was requested before it was created", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  const list = await holdLists(page, "limit=");
  await page.goto("/tasks");
  await list.answered;
  const added = page.waitForResponse((response) => response.request().method() === "POST");
  await addTask(page, "Bread");
  await (await added).finished();
  await expect(rows(page)).toHaveCount(0);
  list.release();
  await expect(rows(page)).toHaveText(["Bread", "Milk"]);
});

test("ticks are shown although the list was requested before they were made", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread", "Salt"]);
  await page.goto("/tasks");
  const list = await holdLists(page, "completed=true");
  const releaseWrites = await holdWrites(page);
  await tick(page, "Milk").click();
  await tick(page, "Bread").click();
  await page.getByRole("link", { name: "Done", exact: true }).click();
  await list.answered;
  await expect(rows(page)).toContainText(["Bread", "Milk"]);
  const changed = ["Milk", "Bread"].map((title) =>
    page.waitForResponse(async (response) => {
      const isChange = response.request().method() === "PATCH";
      return isChange && ((await response.json()) as { title: string }).title === title;
    }),
  );
  releaseWrites();
  for (const response of await Promise.all(changed)) await response.finished();
  await expect(rows(page)).toHaveText(["Bread", "Milk"]);
  list.release();
  await expect(page.getByText("2 done tasks")).toBeVisible();
  await expect(rows(page)).toHaveText(["Bread", "Milk"]);
});

test("a title is found while it is being saved, and afterwards", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread"]);
  await page.goto("/tasks");
  const releaseWrites = await holdWrites(page);
  await page.getByRole("button", { name: "Edit Bread" }).click();
  await page.getByLabel("Title", { exact: true }).fill("Milk bread");
  await page.keyboard.press("Enter");
  await page.getByLabel("Search tasks").fill("milk");
  await expect(page.getByText("2 tasks found")).toBeVisible();
  await expect(rows(page)).toContainText(["Milk bread", "Milk"]);
  const asked = page.waitForResponse((response) => response.url().includes("q=milk"));
  releaseWrites();
  await (await asked).finished();
  await expect(rows(page)).toHaveText(["Milk bread", "Milk"]);
});

test("an outdated list reverts neither a new title nor a deletion", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread", "Salt"]);
  await page.goto("/tasks");
  await expect(rows(page)).toHaveCount(3);
  const list = await holdLists(page, "limit=");
  const response = page.waitForResponse((response) => response.url().includes("limit="));
  await page.evaluate(() => window.dispatchEvent(new Event("visibilitychange")));
  await list.answered;
  const written = ["PATCH", "DELETE"].map((method) =>
    page.waitForResponse((response) => response.request().method() === method),
  );
  await page.getByRole("button", { name: "Edit Bread" }).click();
  await page.getByLabel("Title", { exact: true }).fill("Rye bread");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Delete Milk" }).click();
  await page.getByRole("button", { name: "Close notice" }).click();
  for (const response of await Promise.all(written)) await response.finished();
  list.release();
  await (await response).finished();
  await expect(page.getByText("2 tasks", { exact: true })).toBeVisible();
  await expect(rows(page)).toHaveText(["Salt", "Rye bread"]);
});

test("only tasks displayed as done are deleted with the done tasks", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread", "Salt"]);
  await page.goto("/tasks");
  await tick(page, "Milk").click();
  await page.getByRole("link", { name: "Done", exact: true }).click();
  await expect(page.getByText("1 done task", { exact: true })).toBeVisible();
  await page.getByRole("link", { name: "All", exact: true }).click();
  const release = await holdWrites(page);
  await tick(page, "Milk").click();
  await tick(page, "Bread").click();
  await page.getByRole("link", { name: "Done", exact: true }).click();
  await expect(rows(page)).toContainText(["Bread"]);
  await page.getByRole("button", { name: "Delete done tasks" }).click();
  await expect(page.getByText("Deleted 1 done task.")).toBeVisible();
  await page.getByRole("button", { name: "Close notice" }).click();
  release();
  await expect.poll(() => titlesOf(context, system)).toEqual(["Salt", "Milk"]);
});

test("a task added without a network survives a closed tab", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/tasks");
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
  await context.setOffline(true);
  await addTask(page, "Written in a tunnel");
  await expect(rowOf(page, "Written in a tunnel")).toContainText("Not saved yet.");
  await page.close();

  await context.setOffline(false);
  const next = await context.newPage();
  await next.goto("/tasks");
  await expect(next.getByRole("link", { name: "Open Written in a tunnel" })).toBeVisible();
  expect(await titlesOf(context, system)).toEqual(["Written in a tunnel"]);
});

test("a busy service is retried after Retry-After", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/tasks");
  let refusals = 0;
  await page.route("**/api/tasks", async (route) => {
    if (route.request().method() !== "POST" || refusals === 2) return await route.fallback();
    refusals += 1;
    await route.fulfill({
      status: refusals === 1 ? 429 : 503,
      contentType: "application/problem+json",
      headers: {
        "access-control-allow-origin": system.url,
        "access-control-expose-headers": "retry-after",
        "retry-after": "1",
      },
      body: "{}",
    });
  });
  await addTask(page, "Milk");
  await expect(page.getByRole("link", { name: "Open Milk" })).toBeVisible();
  expect(refusals).toBe(2);
});

test("a task opens with its current text, not with the list's copy", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  await expect(rows(page)).toHaveText(["Milk"]);
  await changeElsewhere(context, system, id, { description: "Two litres" });

  await page.getByRole("link", { name: "Open Milk" }).click();
  await expect(page.getByLabel("Notes")).toHaveValue("Two litres");
  await page.getByLabel("Title").fill("Oat milk");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Saved.")).toBeVisible();
  expect(await notesOf(context, system, id)).toBe("Two litres");
});

test("text that was changed elsewhere meanwhile is not overwritten silently", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Notes").fill("Mine");
  await changeElsewhere(context, system, id, { description: "Theirs" });
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Not saved: this task was changed elsewhere")).toBeVisible();
  await expect(page.getByText("Theirs")).toBeVisible();
  await expect(page.getByLabel("Notes")).toHaveValue("Mine");
  expect(await notesOf(context, system, id)).toBe("Theirs");

  await page.getByRole("button", { name: "Save mine instead" }).click();
  await expect(page.getByText("Saved.")).toBeVisible();
  expect(await notesOf(context, system, id)).toBe("Mine");
});

test("a title that was changed elsewhere while it is edited in the list is a conflict", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  await page.getByRole("button", { name: "Edit Milk" }).click();
  await page.getByLabel("Title", { exact: true }).fill("Mine");
  await changeElsewhere(context, system, id, { title: "Theirs" });
  await page.keyboard.press("Enter");
  await expect(rowOf(page, "Mine")).toContainText("Title in the other version: Theirs");
  await rowOf(page, "Mine").getByRole("button", { name: "Use the other one" }).click();
  await expect(rows(page)).toHaveText(["Theirs"]);
  expect(await titlesOf(context, system)).toEqual(["Theirs"]);
});

test("leaving an edited task asks for confirmation, and a reload restores the text", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  await page.getByRole("link", { name: "Open Milk" }).click();
  await page.getByLabel("Notes").fill("Half a page of notes");
  await page.getByRole("link", { name: "All tasks" }).click();
  await expect(page.getByText("Leave without saving?")).toBeVisible();
  await page.getByRole("button", { name: "Keep editing" }).click();
  await expect(page.getByLabel("Notes")).toHaveValue("Half a page of notes");

  await page.reload();
  await expect(page.getByText("Your unsaved changes have been restored.")).toBeVisible();
  await expect(page.getByLabel("Notes")).toHaveValue("Half a page of notes");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Saved.")).toBeVisible();
  expect(await notesOf(context, system, id)).toBe("Half a page of notes");
  await page.reload();
  await expect(page.getByLabel("Notes")).toHaveValue("Half a page of notes");
  await expect(page.getByText("Your unsaved changes have been restored.")).toHaveCount(0);
});

test("a task opens with its unsent changes, which can be edited further", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  const release = await holdWrites(page);
  await page.getByLabel("Notes").fill("Two");
  await page.getByRole("button", { name: "Save changes" }).click();
  await page.reload();
  await expect(page.getByLabel("Notes")).toHaveValue("Two");
  await page.getByLabel("Notes").fill("Two litres");
  await page.getByRole("button", { name: "Save changes" }).click();
  await page.reload();
  await expect(page.getByLabel("Notes")).toHaveValue("Two litres");
  release();
  await page.unroute("**/api/tasks**");
  await page.reload();
  await expect.poll(() => notesOf(context, system, id)).toBe("Two litres");
  await expect(page.getByText("changed elsewhere")).toHaveCount(0);
});

test("a refresh does not change a form that is being edited", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Title").fill("");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByLabel("Title")).toHaveAccessibleDescription("A task needs a title.");
  const headers = { "access-control-allow-origin": system.url };
  for (const status of [429, 404, 200]) {
    await page.unroute("**/api/tasks/*");
    if (status === 200) await changeElsewhere(context, system, id, { description: "Theirs" });
    else {
      const contentType = "application/problem+json";
      await page.route("**/api/tasks/*", (route) =>
        route.fulfill({ status, headers, contentType, body: "{}" }),
      );
    }
    const refresh = page.waitForResponse((response) => response.url().endsWith(id));
    await page.evaluate(() => window.dispatchEvent(new Event("visibilitychange")));
    await (await refresh).finished();
    await expect(page.getByRole("alert")).toHaveCount(status === 200 ? 0 : 1);
    await expect(page.getByLabel("Title")).toHaveAccessibleDescription("A task needs a title.");
    await expect(page.getByLabel("Title")).toBeFocused();
  }
});

test("the focus stays in a field that is being edited, even on a slow device", async ({
  page,
  context,
  system,
}) => {
  await page.addInitScript(() => {
    const frame = window.requestAnimationFrame.bind(window);
    const late: FrameRequestCallback[] = [];
    window.requestAnimationFrame = (run) => late.push(run);
    window.addEventListener("late-frames", () => {
      for (const run of late.splice(0)) frame(run);
    });
  });
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread"]);
  await page.goto("/tasks");
  await page.getByRole("button", { name: "Edit Bread" }).click();
  await page.keyboard.press("Enter");
  await page.getByLabel("New task").focus();
  await page.evaluate(() => window.dispatchEvent(new Event("late-frames")));
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
  await expect(page.getByLabel("New task")).toBeFocused();

  await page.getByRole("link", { name: "Open Milk" }).click();
  await page.getByLabel("Notes").focus();
  await page.evaluate(() => window.dispatchEvent(new Event("late-frames")));
  await page.keyboard.type("Two litres");
  await expect(page.getByLabel("Notes")).toHaveValue("Two litres");
});

test("text that is typed while a task is saved is still unsaved", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Notes").fill("Two");
  const release = await holdWrites(page);
  await page.getByRole("button", { name: "Save changes" }).click();
  await page.getByLabel("Notes").fill("Two litres");
  release();
  await expect(page.getByText("Saved.")).toBeVisible();
  await expect(page.getByLabel("Notes")).toHaveValue("Two litres");
  await page.getByRole("link", { name: "All tasks" }).click();
  await expect(page.getByText("Leave without saving?")).toBeVisible();
  await page.getByRole("button", { name: "Keep editing" }).click();
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect.poll(() => notesOf(context, system, id)).toBe("Two litres");
});

test("text survives the end of the session, for the same user only", async ({
  page,
  context,
  system,
}) => {
  const { email } = await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  await page.getByLabel("New task").fill("Half a thou");
  await page.getByRole("link", { name: "Open Milk" }).click();
  await page.getByLabel("Notes").fill("Unsaved notes");
  await endSession(context, system);
  await page.reload();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();

  await signInHere(page, email);
  await expect(page).toHaveURL(`/tasks/${id}`);
  await expect(page.getByLabel("Notes")).toHaveValue("Unsaved notes");
  await page.goto("/tasks");
  await expect(page.getByLabel("New task")).toHaveValue("Half a thou");
});

test("the next user is not sent to the previous user's page", async ({
  page,
  context,
  browser,
  system,
}) => {
  const stranger = await browser.newContext();
  const bob = await member(stranger, system, "Bob");
  await stranger.close();
  await member(context, system, "Ada");
  const [id] = await haveTasks(context, system, ["Ada's task"]);
  await page.goto(`/tasks/${id}`);
  await expect(page.getByRole("heading", { name: "Ada's task" })).toBeVisible();
  const other = await context.newPage();
  await other.goto("/tasks");
  await other.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByText("You were signed out.")).toBeVisible();

  await signInHere(page, bob.email);
  await expect(page).toHaveURL("/tasks");
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
});

test("signing out asks about unsaved text in another tab", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  const other = await context.newPage();
  await openList(other);
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Notes").fill("Half a page of notes");
  await other.getByRole("button", { name: "Sign out" }).click();
  await expect(other.getByText("Sign out and lose unsent changes?")).toBeVisible();
  await other.getByRole("button", { name: "Stay signed in" }).click();
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Saved.")).toBeVisible();
  await other.getByRole("button", { name: "Sign out" }).click();
  await expect(other.getByRole("heading", { name: "Sign in" })).toBeVisible();
});

test("signing out with unsent changes asks for confirmation, and then erases them", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/tasks");
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
  const release = await holdWrites(page);
  await addTask(page, "Unsent");
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByText("Sign out and lose unsent changes?")).toBeVisible();
  await page.getByRole("button", { name: "Stay signed in" }).click();
  await expect(rowOf(page, "Unsent")).toBeVisible();
  await page.getByRole("button", { name: "Sign out" }).first().click();
  await page.getByRole("button", { name: "Sign out anyway" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  release();
  const left = await page.evaluate(
    () =>
      new Promise<number>((resolve, reject) => {
        const opening = indexedDB.open("tasks-web-app");
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const count = opening.result.transaction("unsent").objectStore("unsent").count();
          count.onsuccess = () => resolve(count.result);
        };
      }),
  );
  expect(left).toBe(0);
});

test("an emoji title is edited whole, and an edit survives a refresh of a long list", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await haveTasks(context, system, ["🙂".repeat(200)]);
  await page.goto("/tasks");
  await page.getByRole("button", { name: "Edit 🙂" }).click();
  await page.keyboard.press("End");
  await page.keyboard.type("!");
  await page.evaluate(() => window.dispatchEvent(new Event("visibilitychange")));
  await expect(page.getByLabel("Title", { exact: true })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(rows(page)).toHaveText([`${"🙂".repeat(200)}!`]);
  await expect.poll(() => titlesOf(context, system)).toEqual([`${"🙂".repeat(200)}!`]);
});

test("saving twice does not revert a change made elsewhere", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Title").fill("Milk?");
  await page.getByLabel("Title").fill("Milk");
  await page.getByLabel("Notes").fill("Two litres");
  await changeElsewhere(context, system, id, { title: "Oat milk" });
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByLabel("Title")).toHaveValue("Oat milk");
  await page.getByLabel("Notes").fill("Three litres");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect.poll(() => notesOf(context, system, id)).toBe("Three litres");
  expect(await titlesOf(context, system)).toEqual(["Oat milk"]);
});

test("a title that is edited but left unchanged does not revert a change made elsewhere", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk", "Bread"]);
  await page.goto("/tasks");
  await page.getByRole("button", { name: "Edit Milk" }).click();
  await changeElsewhere(context, system, id, { title: "Oat milk" });
  await refreshList(page);
  await expect(tick(page, "Oat milk")).toBeVisible();
  await page.keyboard.press("Enter");
  // Writes are sent in order, so an unwanted write would have arrived before this one.
  await page.getByRole("checkbox").last().click();
  await expect.poll(async () => (await taskOf(context, system, id)).completed).toBe(true);
  expect(await titlesOf(context, system)).toEqual(["Bread", "Oat milk"]);
});

test("an unfinished title of a task deleted elsewhere stays, and becomes a new task", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk", "Bread"]);
  await page.goto("/tasks");
  await page.getByRole("button", { name: "Edit Milk" }).click();
  await page.getByLabel("Title", { exact: true }).fill("Oat milk");
  await deleteElsewhere(context, system, id);
  await refreshList(page);
  await expect(rows(page).last()).toHaveText("Bread");
  await expect(page.getByLabel("Title", { exact: true })).toBeFocused();
  await page.reload();
  await expect(page.getByLabel("Title", { exact: true })).toHaveValue("Oat milk");
  await page.getByLabel("Title", { exact: true }).press("Enter");
  await rowOf(page, "Oat milk").getByRole("button", { name: "Add as a new task" }).click();
  await expect(page.getByRole("link", { name: "Open Oat milk" })).toBeVisible();
  expect(await titlesOf(context, system)).toEqual(["Oat milk", "Bread"]);
});

test("unsaved text of a task deleted elsewhere survives a reload, and becomes a new task", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Notes").fill("Two litres");
  await deleteElsewhere(context, system, id);
  await page.reload();
  await expect(page.getByText("This task no longer exists.")).toBeVisible();
  await expect(page.getByLabel("Notes")).toHaveValue("Two litres");
  await page.getByRole("button", { name: "Add as a new task" }).click();
  await page.getByRole("link", { name: "Open Milk" }).click();
  await expect(page.getByLabel("Notes")).toHaveValue("Two litres");
  await page.goto(`/tasks/${id}`);
  await expect(page.getByRole("heading", { name: "There is no such task" })).toBeVisible();
});

test("another tab neither replaces nor discards unfinished text", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  const other = await context.newPage();
  for (const tab of [page, other]) await openList(tab);
  await page.getByLabel("New task").fill("Half a thou");
  await addTask(other, "Bread");
  await expect(other.getByRole("link", { name: "Open Bread" })).toBeVisible();
  for (const tab of [page, other]) await tab.getByRole("link", { name: "Open Milk" }).click();
  await page.getByLabel("Notes").fill("Two litres");
  await other.getByLabel("Title").fill("Oat milk");
  await other.getByRole("button", { name: "Save changes" }).click();
  await expect(other.getByText("Saved.")).toBeVisible();
  await page.close();
  await other.reload();
  await expect(other.getByLabel("Notes")).toHaveValue("Two litres");
  await other.goto("/tasks");
  await expect(other.getByLabel("New task")).toHaveValue("Half a thou");
  expect(await notesOf(context, system, id)).toBe(null);
});

test("if the browser stores nothing, text survives the end of the session, and a reload asks", async ({
  page,
  context,
  system,
}) => {
  await page.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException("not allowed", "SecurityError");
    };
  });
  const { email } = await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  await expect(rows(page)).toHaveText(["Milk"]);
  await page.route("**/api/tasks", (route) => route.abort());
  await addTask(page, "Bread");
  await expect(rowOf(page, "Bread")).toContainText("Not saved yet.");
  await page.getByRole("link", { name: "Open Milk" }).click();
  await page.getByLabel("Notes").fill("Two litres");
  await endSession(context, system);
  // The access token is still valid after the session has ended, so the refusal is simulated.
  await page.route("**/api/tasks/*", (route) => {
    if (route.request().method() === "OPTIONS") return route.fallback();
    const headers = { "access-control-allow-origin": system.url };
    return route.fulfill({ status: 401, headers, contentType: "application/problem+json", body: "{}" });
  });
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await page.unrouteAll();

  await signInHere(page, email);
  await expect(page).toHaveURL(`/tasks/${id}`);
  await expect(page.getByLabel("Notes")).toHaveValue("Two litres");
  await expect.poll(() => titlesOf(context, system)).toEqual(["Bread", "Milk"]);
  const asked = page.waitForEvent("dialog");
  const reload = page.reload();
  const dialog = await asked;
  expect(dialog.type()).toBe("beforeunload");
  await dialog.accept();
  await reload;
});

test("a task that cannot be sent is shown although it does not match the search", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks?q=milk");
  await expect(rows(page)).toHaveText(["Milk"]);
  await context.setOffline(true);
  await addTask(page, "Bread");
  await expect(rowOf(page, "Bread")).toContainText("Not saved yet.");
  await context.setOffline(false);
  await expect.poll(() => titlesOf(context, system)).toEqual(["Bread", "Milk"]);
});

test("restored titles neither take the focus nor are saved", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread"]);
  const tabs = [await context.newPage(), await context.newPage()];
  for (const tab of tabs) {
    // A field that loses the focus saves its title, and closing a tab may or may not remove the focus.
    await tab.addInitScript(() => {
      window.addEventListener("focusout", (event) => event.stopImmediatePropagation(), { capture: true });
    });
    await openList(tab);
  }
  for (const [index, title] of ["Milk", "Bread"].entries()) {
    await tabs[index]?.getByRole("button", { name: `Edit ${title}` }).click();
    await tabs[index]?.getByLabel("Title", { exact: true }).fill(`Half ${title}`);
  }
  await page.goto("/tasks");
  const list = await holdLists(page, "limit=");
  for (const tab of tabs) await tab.close();
  await page.reload();
  await list.answered;
  await page.getByLabel("New task").click();
  await page.keyboard.type("Half a ");
  list.release();
  await expect(page.getByText("2 tasks", { exact: true })).toBeVisible();
  await expect(page.getByLabel("Title", { exact: true })).toHaveCount(2);
  await page.keyboard.type("thou");
  await expect(page.getByLabel("New task")).toHaveValue("Half a thou");
  expect(await titlesOf(context, system)).toEqual(["Bread", "Milk"]);
});

test("the focus moves to the clicked field, although it saves a title whose row disappears", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk", "Bread"]);
  await page.goto("/tasks?show=open");
  await page.getByRole("button", { name: "Edit Milk" }).click();
  await page.getByLabel("Title", { exact: true }).fill("Oat milk");
  await changeElsewhere(context, system, id, { completed: true });
  await refreshList(page);
  await expect(rows(page).last()).toHaveText("Bread");
  await page.getByLabel("New task").click();
  await page.keyboard.type("Half a thou");
  await expect(page.getByLabel("New task")).toHaveValue("Half a thou");
  await expect.poll(() => titlesOf(context, system)).toEqual(["Bread", "Oat milk"]);
});

test("unsaved text stays in the editor when another tab deletes the task and is closed", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  const other = await context.newPage();
  await openList(other);
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Notes").fill("Two litres");
  // The other tab must not send the deletion itself while it closes.
  await holdWrites(other);
  await other.getByRole("button", { name: "Delete Milk" }).click();
  // The draft and the deletion must be stored before the tab is closed.
  await expect.poll(() => unsentTitles(other)).toEqual(["Milk", "Milk"]);
  const adopted = page.waitForResponse((response) => response.request().method() === "DELETE");
  await other.close();
  await (await adopted).finished();
  await expect(page.getByLabel("Notes")).toHaveValue("Two litres");
  await page.reload();
  await expect(page.getByText("This task no longer exists.")).toBeVisible();
  await expect(page.getByLabel("Notes")).toHaveValue("Two litres");
});

test("an earlier save is not reported while a later one is pending", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Notes").fill("Two");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Saved.")).toBeVisible();
  const release = await holdWrites(page);
  await page.getByLabel("Notes").fill("Two litres");
  await page.getByRole("button", { name: "Save changes" }).click();
  // This is checked without waiting, because the notice would disappear by itself.
  await expect(page.getByRole("button", { name: "One moment" })).toBeVisible();
  expect(await page.getByText("Saved.").count()).toBe(0);
  release();
  await expect(page.getByText("Saved.")).toBeVisible();
  expect(await notesOf(context, system, id)).toBe("Two litres");
});
