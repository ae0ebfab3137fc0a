// Everyday features, such as search, sorting, counts, shortcuts, undo, printing, themes and
// languages.

import { inspect } from "../support/looks";
import { addTask, haveTasks, member, newAddress, rowOf, rows, signIn, tick, titlesOf } from "../support/people";
import { expect, test } from "../support/test";

test("a search finds titles, has a URL and is undone by Back", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Oat milk", "Bread", "Milk chocolate"]);
  const searches: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "GET" && request.url().includes("q=")) searches.push(request.url());
  });
  await page.goto("/tasks");
  await expect(page.getByText("3 tasks", { exact: true })).toBeVisible();
  await page.getByLabel("Search tasks").pressSequentially("milk");
  await expect(rows(page)).toHaveText(["Milk chocolate", "Oat milk"]);
  await expect(page.getByText("2 tasks found")).toBeVisible();
  await expect(page).toHaveURL("/tasks?q=milk");
  expect(searches.length).toBeLessThanOrEqual(2);

  await addTask(page, "Milk shake");
  await expect(rows(page)).toHaveText(["Milk shake", "Milk chocolate", "Oat milk"]);
  // Adding a task that does not match the search ends the search, so that the task is visible.
  await addTask(page, "Butter");
  await expect(rows(page)).toHaveCount(5);
  await expect(page.getByLabel("Search tasks")).toHaveValue("");
  await page.goBack();
  await page.getByRole("link", { name: "Open Oat milk" }).click();
  await page.getByRole("link", { name: "All tasks" }).click();
  await expect(page).toHaveURL("/tasks?q=milk");
  await expect(page.getByLabel("Search tasks")).toHaveValue("milk");
  await page.getByLabel("Search tasks").fill("nothing like it");
  await expect(page.getByText("Nothing found")).toBeVisible();
  await page.getByLabel("Search tasks").fill("");
  await expect(rows(page)).toHaveCount(5);
});

test("tasks are ordered and counted, also while changes are in flight", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Bread", "Apples", "Cheese"]);
  await page.goto("/tasks");
  await page.getByLabel("Sort by").selectOption("By title");
  await expect(rows(page)).toHaveText(["Apples", "Bread", "Cheese"]);
  await page.getByLabel("Sort by").selectOption("Oldest first");
  await expect(rows(page)).toHaveText(["Bread", "Apples", "Cheese"]);
  await page.goto("/tasks?sort=title&show=open");
  await expect(page.getByText("3 open tasks")).toBeVisible();
  await tick(page, "Bread").click();
  await expect(page.getByText("2 open tasks")).toBeVisible();
  await addTask(page, "Beans");
  await expect(rows(page)).toHaveText(["Apples", "Beans", "Cheese"]);
  await expect(page.getByText("3 open tasks")).toBeVisible();
});

test("done tasks are deleted together, and come back together", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread", "Salt"]);
  await page.goto("/tasks");
  await tick(page, "Milk").click();
  await tick(page, "Bread").click();
  await page.getByRole("link", { name: "Done", exact: true }).click();
  await expect(rows(page)).toHaveCount(2);
  await page.getByRole("button", { name: "Delete done tasks" }).click();
  await expect(page.getByText("Deleted 2 done tasks.")).toBeVisible();
  await expect(page.getByText("Nothing done yet")).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(rows(page)).toHaveCount(2);
  await page.getByRole("button", { name: "Delete done tasks" }).click();
  await page.getByRole("button", { name: "Close notice" }).click();
  await expect.poll(() => titlesOf(context, system)).toEqual(["Salt"]);
});

test("shortcuts lead to the fields, are listed and can be switched off", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread"]);
  await page.goto("/tasks");
  await expect(rows(page)).toHaveCount(2);
  await page.keyboard.press("n");
  await expect(page.getByLabel("New task")).toBeFocused();
  await page.keyboard.type("n/?");
  await expect(page.getByLabel("New task")).toHaveValue("n/?");
  await page.getByLabel("New task").fill("");
  await page.getByRole("heading", { name: "Tasks" }).focus();
  await page.keyboard.press("/");
  await expect(page.getByLabel("Search tasks")).toBeFocused();

  await tick(page, "Bread").focus();
  await page.keyboard.press("ArrowDown");
  await expect(tick(page, "Milk")).toBeFocused();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await page.screenshot({ path: "screenshots/shortcuts.png" });
  await page.getByLabel("Use single-key shortcuts").uncheck();
  await page.keyboard.press("Escape");
  await page.keyboard.press("n");
  await expect(page.getByLabel("New task")).not.toBeFocused();
  await page.reload();
  await page.goto("/settings");
  await expect(page.getByLabel("Single-key keyboard shortcuts")).not.toBeChecked();
});

test("Ctrl+Z brings the last deleted task back, and the focus goes to it", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread", "Salt"]);
  await page.goto("/tasks");
  await page.getByRole("button", { name: "Delete Bread" }).click();
  await page.getByRole("button", { name: "Delete Milk" }).click();
  await expect(rows(page)).toHaveText(["Salt"]);
  await page.keyboard.press("ControlOrMeta+z");
  await expect(rows(page)).toHaveText(["Salt", "Milk"]);
  await expect(page.getByRole("button", { name: "Edit Milk" })).toBeFocused();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("button", { name: "Edit Bread" })).toBeFocused();
  expect((await titlesOf(context, system)).length).toBe(3);
});

test("the focus stays in the list when a ticked task leaves it", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread", "Salt"]);
  await page.goto("/tasks?show=open");
  await tick(page, "Bread").focus();
  await page.keyboard.press("Space");
  await expect(tick(page, "Milk")).toBeFocused();
  await page.keyboard.press("Space");
  await expect(tick(page, "Salt")).toBeFocused();
  await page.keyboard.press("Space");
  await expect(page.getByRole("heading", { name: "Tasks" })).toBeFocused();
});

test("a theme can be chosen and is applied before the first paint", async ({ page, context, system }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await member(context, system);
  await page.goto("/settings");
  const body = page.locator("body");
  await expect(body).toHaveCSS("background-color", "rgb(246, 247, 245)");
  await page.getByLabel("Dark").check();
  await expect(body).toHaveCSS("background-color", "rgb(18, 21, 20)");
  await page.reload({ waitUntil: "commit" });
  await expect(body).toHaveCSS("background-color", "rgb(18, 21, 20)");
  await page.getByLabel("Same as the system").check();
  await expect(body).toHaveCSS("background-color", "rgb(246, 247, 245)");
});

test("a printed page has the tasks and none of the controls", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk", "Bread"]);
  await page.goto("/tasks");
  await expect(rows(page)).toHaveCount(2);
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await page.screenshot({ path: "screenshots/print.png", fullPage: true });
  await expect(rowOf(page, "Milk")).toBeVisible();
  for (const name of ["New task", "Search tasks", "Sort by"]) {
    await expect(page.getByLabel(name)).toBeHidden();
  }
  await expect(page.getByRole("button", { name: "Delete Milk" })).toBeHidden();
  await expect(page.getByRole("navigation")).toHaveCount(0);
});

test("devices are in the order of their use, and all others are signed out at once", async ({
  page,
  context,
  browser,
  system,
}) => {
  const { email } = await member(context, system);
  const others = await Promise.all([browser.newContext(), browser.newContext(), browser.newContext()]);
  for (const other of others) await signIn(other, system, email);
  await page.goto("/settings");
  const devices = page.getByRole("list", { name: "Devices" }).getByRole("listitem");
  await expect(devices).toHaveCount(4);
  await expect(devices.first()).toContainText("This device");
  await expect(devices.last()).toContainText("Last used");
  await devices.nth(1).getByRole("button", { name: "Sign out" }).click();
  await expect(devices).toHaveCount(3);
  await expect(devices.nth(1).getByRole("button", { name: "Sign out" })).toBeFocused();
  await page.getByRole("button", { name: "Sign out all other devices" }).click();
  await expect(devices).toHaveCount(1);
  for (const other of others) {
    const session = await other.request.get(`${system.url}/api/auth/get-session`);
    expect(await session.json()).toBeNull();
    await other.close();
  }
});

for (const [action, path, button] of [
  ["signing in", "sign-in", "Sign in"],
  ["signing up", "sign-up", "Create account"],
] as const) {
  test(`blocked cookies are explained when ${action}`, async ({ page, context, system }) => {
    const { email } = await member(context, system);
    await context.clearCookies();
    await page.route(`**/api/auth/${path}/email`, async (route) => {
      const response = await route.fetch();
      const { "set-cookie": _cookie, ...headers } = response.headers();
      // `route.fetch()` has stored the cookie in the browser.
      await context.clearCookies();
      await route.fulfill({ response, headers });
    });
    await page.goto(`/auth/${path.replace("-", "")}`);
    if (path === "sign-up") await page.getByLabel("Name", { exact: true }).fill("Ada");
    await page.getByLabel("E-mail").fill(path === "sign-up" ? newAddress() : email);
    await page.getByLabel("Password", { exact: true }).fill("correct horse 42");
    await page.getByRole("button", { name: button }).click();
    await expect(page.getByRole("alert")).toContainText("does not store the session cookie");
  });
}

test("the language follows the browser, can be chosen, and stays chosen", async ({ browser, system }) => {
  const context = await browser.newContext({ locale: "de-DE", baseURL: system.url, serviceWorkers: "block" });
  const page = await context.newPage();
  await page.goto("/auth/signin");
  await expect(page.getByRole("heading", { name: "Anmelden" })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "de");
  await page.screenshot({ path: "screenshots/german-sign-in.png" });
  await member(context, system);
  await haveTasks(context, system, ["Milch", "Brot"]);
  for (const [path, name] of [
    ["/tasks", "Aufgaben"],
    ["/settings", "Einstellungen"],
  ] as const) {
    await page.goto(path);
    await expect(page.getByRole("heading", { name, exact: true })).toBeVisible();
    await inspect(page, `german${path.replace("/", "-")}`);
  }
  await page.getByLabel("Sprache").selectOption("English");
  await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
  await page.goto("/tasks");
  await expect(page.getByText("2 tasks", { exact: true })).toBeVisible();
  await context.close();
});

test("right-to-left text is displayed correctly beside left-to-right text", async ({ page, context, system }) => {
  await member(context, system);
  await haveTasks(context, system, ["שלום עולם", "Milk"]);
  await page.goto("/tasks");
  const title = page.getByRole("button", { name: "Edit שלום עולם" });
  await expect(title).toBeVisible();
  await expect(title).toHaveCSS("direction", "rtl");
  await inspect(page, "right-to-left");
  await page.getByRole("link", { name: "Open שלום עולם" }).click();
  await expect(page.getByRole("heading", { name: "שלום עולם" })).toHaveCSS("direction", "rtl");
});
