// task-service rejects tokens of ended sessions, and erases the tasks of deleted accounts.

import { addTask, haveTasks, member, PASSWORD, rows, signIn, subject, tokenOf } from "../support/people";
import { expect, test } from "../support/test";

const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Mobile Safari/604.1";

test("the next request of a device that was signed out from another is refused", async ({
  page,
  context,
  system,
  browser,
}) => {
  const { email } = await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  const phone = await browser.newContext({
    baseURL: system.url,
    serviceWorkers: "block",
    userAgent: IPHONE,
  });
  await signIn(phone, system, email);
  const there = await phone.newPage();
  const listing = there.waitForRequest((request) => request.url().startsWith(system.tasks.url));
  await there.goto("/tasks");
  await expect(rows(there)).toHaveText(["Milk"]);
  const authorization = (await (await listing).headerValue("authorization")) ?? "";

  await page.goto("/settings");
  await page.getByRole("button", { name: "Sign out Safari on iPhone" }).click();
  await expect(page.getByRole("list", { name: "Devices" }).getByRole("listitem")).toHaveCount(1);
  const status = async () => {
    const response = await fetch(`${system.tasks.url}/api/tasks`, { headers: { authorization } });
    return response.status;
  };
  await expect.poll(status).toBe(401);

  const refused = there.waitForResponse(
    (response) => response.url().startsWith(system.tasks.url) && response.status() === 401,
  );
  await there.getByRole("link", { name: "Open Milk" }).click();
  expect(await (await refused).request().headerValue("authorization")).toBe(authorization);
  await expect(there.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await expect(there.getByText("You were signed out.")).toBeVisible();
  await phone.close();
});

test("the tasks of a deleted account are erased from the task database", async ({
  page,
  context,
  system,
  browser,
}) => {
  await member(context, system);
  const owner = subject(await tokenOf(context, system));
  const others = await browser.newContext();
  await member(others, system, "Bob");
  const [kept = ""] = await haveTasks(others, system, ["Tea"]);
  await page.goto("/tasks");
  await addTask(page, "Milk");
  await expect.poll(() => system.tasks.export()).toContain(owner);

  await page.goto("/settings");
  await expect(page.getByText("your sessions and your tasks will be permanently deleted")).toBeVisible();
  await page.getByRole("button", { name: "Delete account…" }).click();
  await page.getByRole("dialog").getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Delete for good" }).click();
  await expect(page.getByText("Your account has been deleted.")).toBeVisible();

  await expect.poll(() => system.tasks.export()).not.toContain(owner);
  expect(await system.tasks.export()).toContain(kept);
  await others.close();
});
