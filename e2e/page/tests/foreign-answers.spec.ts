// Responses of a proxy, for example while a service restarts, say nothing about tasks or the session.

import type { Page } from "@playwright/test";
import { addTask, haveTasks, member, rowOf, rows, tick, titlesOf } from "../support/people";
import { expect, test } from "../support/test";

/** Answers requests like a proxy that does not know the service. */
async function answerForeign(page: Page, url: RegExp, status: number): Promise<void> {
  await page.route(url, (route) =>
    route.fulfill({
      status,
      headers: { "access-control-allow-origin": new URL(page.url()).origin },
      contentType: "text/html",
      body: "<p>unknown host</p>",
    }),
  );
}

for (const status of [401, 403, 404]) {
  test(`changes and deletions that a proxy answers with ${status} are kept and sent later`, async ({
    page,
    context,
    system,
  }) => {
    await member(context, system);
    await haveTasks(context, system, ["Milk", "Bread"]);
    await page.goto("/tasks");
    await expect(rows(page)).toHaveText(["Bread", "Milk"]);
    await answerForeign(page, /\/api\/tasks/, status);
    await addTask(page, "Cheese");
    await tick(page, "Bread").click();
    for (const title of ["Cheese", "Bread"]) {
      await expect(rowOf(page, title)).toContainText(`Not saved yet. The task service could not`);
    }
    await page.getByRole("button", { name: "Delete Milk" }).click();
    await page.getByRole("button", { name: "Close notice" }).click();
    await page.unroute(/\/api\/tasks/);
    await expect.poll(() => titlesOf(context, system)).toEqual(["Cheese", "Bread"]);
    await expect(rows(page)).toHaveText(["Cheese", "Bread"]);
  });

  test(`a task is not said to be gone or foreign after ${status} of a proxy`, async ({ page, context, system }) => {
    await member(context, system);
    const [id = ""] = await haveTasks(context, system, ["Milk"]);
    await page.goto(`/tasks/${id}`);
    await page.getByLabel("Notes").fill("Two litres");
    await answerForeign(page, /\/api\/tasks/, status);
    await page.getByRole("button", { name: "Save changes" }).click();
    await expect(page.getByText("Saved in this browser.")).toBeVisible();
    await page.unroute(/\/api\/tasks/);
    await expect(page.getByText("Not saved yet.")).toHaveCount(0);
    await page.reload();
    await expect(page.getByLabel("Notes")).toHaveValue("Two litres");
  });
}

test("a proxy that answers for auth-service neither ends the session nor the page", async ({
  page,
  context,
  system,
}) => {
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  await page.goto("/settings");
  await page.getByLabel("Name").fill("Grace");
  for (const status of [200, 401, 404]) {
    await answerForeign(page, /\/api\/auth/, status);
    await page.getByRole("button", { name: "Save name" }).click();
    await expect(page.getByText("could not complete the request (502)")).toBeVisible();
    await page.unroute(/\/api\/auth/);
  }
  await answerForeign(page, /\/api\/auth\/get-session/, 200);
  await page.goto("/tasks");
  await expect(page.getByText("The service cannot be reached")).toBeVisible();
  await page.unroute(/\/api\/auth\/get-session/);
  await answerForeign(page, /\/api\/auth\/token/, 200);
  await page.getByRole("button", { name: "Try again" }).click();
  await addTask(page, "Bread");
  await expect(rowOf(page, "Bread")).toContainText("Not saved yet.");
  await page.unroute(/\/api\/auth\/token/);
  await expect(rows(page)).toHaveText(["Bread", "Milk"]);
});
