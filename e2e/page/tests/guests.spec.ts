// Text typed on the pages for guests is kept while they move between these pages or reload them.

import { expect, test } from "../support/test";

const ADDRESS = "ada@example.com";

test("a typed name and address are kept on all pages for guests", async ({ page }) => {
  await page.goto("/auth/signup");
  const address = page.getByLabel("E-mail", { exact: true });
  await page.getByLabel("Name", { exact: true }).fill("Ada");
  await address.fill(ADDRESS);
  await page.getByRole("link", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await expect(address).toHaveValue(ADDRESS);
  await page.getByRole("link", { name: "Forgot password?" }).click();
  await expect(page.getByRole("heading", { name: "Reset your password" })).toBeVisible();
  await expect(address).toHaveValue(ADDRESS);
  await address.fill(`x${ADDRESS}`);
  await page.goBack();
  await expect(address).toHaveValue(`x${ADDRESS}`);
  await page.getByRole("link", { name: "Create an account" }).click();
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Ada");
  await expect(address).toHaveValue(`x${ADDRESS}`);
});

test("a typed name and address survive a reload, but a password is not stored", async ({ page }) => {
  await page.goto("/auth/signup");
  await page.getByLabel("Name", { exact: true }).fill("Ada");
  await page.getByLabel("E-mail", { exact: true }).fill(ADDRESS);
  await page.getByLabel("Password", { exact: true }).fill("correct horse 42");
  await page.reload();
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Ada");
  await expect(page.getByLabel("E-mail", { exact: true })).toHaveValue(ADDRESS);
  const stored = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  expect(stored).not.toContain("correct horse");
});

test("the address of a user who was signed in is not kept for the next one", async ({ page }) => {
  await page.goto("/auth/signup");
  await page.getByLabel("Name", { exact: true }).fill("Ada");
  await page.getByLabel("E-mail", { exact: true }).fill(`ada-${crypto.randomUUID()}@example.com`);
  await page.getByLabel("Password", { exact: true }).fill("correct horse 42");
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("button", { name: "Sign out Ada" }).click();
  await expect(page.getByText("You are signed out.")).toBeVisible();
  await page.reload();
  await expect(page.getByLabel("E-mail", { exact: true })).toHaveValue("");
});
