// Using the web app with the keyboard only, and with reduced motion.

import type { Page } from "@playwright/test";
import { haveTasks, member, newAddress, PASSWORD, rows, tick } from "../support/people";
import { expect, test } from "../support/test";

/** Presses Tab until the element has focus, and checks that the focus is visible. */
async function tabTo(page: Page, role: "button" | "link" | "textbox" | "checkbox", name: string) {
  const target = page.getByRole(role, { name, exact: true });
  await expect(target).toBeVisible();
  for (let i = 0; i < 40; i += 1) {
    await page.keyboard.press("Tab");
    if (await target.evaluate((element) => element === document.activeElement)) {
      const outline = await target.evaluate((element) => getComputedStyle(element).outlineStyle);
      expect(outline, `${name} shows that it has the focus`).not.toBe("none");
      return;
    }
  }
  throw new Error(`Tab does not lead to ${name}`);
}

test("everything can be done with a keyboard", async ({ page }) => {
  await page.goto("/auth/signin");
  await tabTo(page, "link", "Create an account");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Create an account" })).toBeFocused();
  await tabTo(page, "textbox", "Name");
  await page.keyboard.type("Ada");
  await page.keyboard.press("Tab");
  await page.keyboard.type(newAddress());
  await page.keyboard.press("Tab");
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Tasks" })).toBeFocused();

  await tabTo(page, "textbox", "New task");
  for (const title of ["Milk", "Bread", "Salt"]) {
    await page.keyboard.type(title);
    await page.keyboard.press("Enter");
  }
  await expect(page.getByRole("link", { name: "Open Salt" })).toBeVisible();

  await tabTo(page, "checkbox", "Done: Bread");
  await page.keyboard.press("Space");
  await expect(tick(page, "Bread")).toBeChecked();
  await tabTo(page, "button", "Edit Bread");
  await page.keyboard.press("Enter");
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type("Rye bread");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Edit Rye bread" })).toBeFocused();

  await tabTo(page, "button", "Delete Rye bread");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Delete Milk" })).toBeFocused();
  await tabTo(page, "button", "Undo");
  await page.keyboard.press("Enter");
  await expect(rows(page)).toHaveText(["Salt", "Rye bread", "Milk"]);
});

test("the skip link moves the focus to the content", async ({ page, context, system }) => {
  await member(context, system);
  await page.goto("/tasks");
  await expect(page.getByText("Nothing to do yet")).toBeVisible();
  await tabTo(page, "link", "Skip to content");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();
});

test("nothing is animated with reduced motion", async ({ page, context, system }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await member(context, system);
  await haveTasks(context, system, ["Milk"]);
  await page.goto("/tasks");
  await page.getByRole("button", { name: "Delete Milk" }).click();
  await expect(page.getByText("Deleted “\u2068Milk\u2069”.")).toBeVisible();
  const moving = await page.evaluate(
    () => document.getAnimations().filter(({ playState }) => playState === "running").length,
  );
  expect(moving).toBe(0);
});

test("the focus returns to its place when a question is canceled", async ({ page, context, system }) => {
  await member(context, system);
  const [id = ""] = await haveTasks(context, system, ["Milk"]);
  await page.goto(`/tasks/${id}`);
  await page.getByLabel("Notes").fill("Two litres");
  await page.getByRole("link", { name: "All tasks" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Keep editing" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("link", { name: "All tasks" })).toBeFocused();
});
