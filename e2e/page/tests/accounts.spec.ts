// Accounts: sign-up, sign-in, sign-out, verification, changes and deletion, and their errors.

import type { Page } from "@playwright/test";
import { linkIn } from "../support/mailbox";
import { member, NEW_PASSWORD, newAddress, PASSWORD, signIn, signUp } from "../support/people";
import { startSystem } from "../support/services";
import { expect, test } from "../support/test";

async function fillIn(page: Page, fields: Record<string, string>) {
  for (const [label, value] of Object.entries(fields)) {
    await page.getByLabel(label, { exact: true }).fill(value);
  }
}

const click = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();

const see = (page: Page, name: string) =>
  expect(page.getByRole("heading", { name, exact: true })).toBeVisible();

test("somebody signs up, signs out and signs in again", async ({ page }) => {
  const email = newAddress();
  await page.goto("/");
  await see(page, "Sign in");
  await page.getByRole("link", { name: "Create an account" }).click();
  await expect(page.getByRole("heading", { name: "Create an account" })).toBeFocused();
  await fillIn(page, { Name: "Ada", "E-mail": email, Password: PASSWORD });
  await click(page, "Create account");

  await expect(page.getByRole("heading", { name: "Tasks" })).toBeFocused();
  await expect(page).toHaveURL("/tasks");

  await page.getByRole("button", { name: "Sign out" }).click();
  await see(page, "Sign in");
  await expect(page.getByText("You are signed out.")).toBeVisible();
  await fillIn(page, { "E-mail": email, Password: PASSWORD });
  await page.getByLabel("Password", { exact: true }).press("Enter");
  await see(page, "Tasks");
});

test("a sign-up that cannot work is stopped at its first mistake", async ({ page }) => {
  await page.goto("/auth/signup");
  await expect(page.getByText("At least 8 characters.")).toBeVisible();
  await fillIn(page, { Name: "Ada", "E-mail": "ada@nowhere", Password: "short" });
  await click(page, "Create account");

  const address = page.getByLabel("E-mail", { exact: true });
  await expect(address).toBeFocused();
  await expect(address).toHaveAccessibleDescription("This is not a complete e-mail address.");
  await expect(page.getByLabel("Password", { exact: true })).toHaveAccessibleDescription(
    /Use at least 8 characters, not 5\./,
  );
});

test("what the server refuses is shown at its field, and nobody is taken elsewhere", async ({
  page,
  request,
  system,
}) => {
  const email = newAddress();
  await signUp(request, system, email);
  await page.goto("/auth/signup");
  await fillIn(page, { Name: "Eve", "E-mail": email, Password: PASSWORD });
  await click(page, "Create account");

  const address = page.getByLabel("E-mail", { exact: true });
  await expect(address).toHaveAccessibleDescription(
    "An account with this address already exists.",
  );
  await expect(address).toBeFocused();
  await expect(page).toHaveURL("/auth/signup");

  await page.goto("/auth/signin");
  await fillIn(page, { "E-mail": email, Password: "not the password" });
  await click(page, "Sign in");
  await expect(page.getByLabel("Password", { exact: true })).toHaveAccessibleDescription(
    "The address or the password is wrong.",
  );
  await expect(page.getByLabel("Password", { exact: true })).toBeFocused();
  await expect(page).toHaveURL("/auth/signin");
});

test("password managers recognize the fields", async ({ page }) => {
  for (const [path, label, purpose] of [
    ["signup", "Name", "name"],
    ["signup", "E-mail", "username"],
    ["signup", "Password", "new-password"],
    ["signin", "E-mail", "username"],
    ["signin", "Password", "current-password"],
    ["forgot-password", "E-mail", "username"],
    ["reset-password?token=x", "New password", "new-password"],
  ] as const) {
    await page.goto(`/auth/${path}`);
    const field = page.getByLabel(label, { exact: true });
    await expect(field).toHaveAttribute("autocomplete", purpose);
  }
});

test("a password can be revealed", async ({ page }) => {
  await page.goto("/auth/signin");
  const password = page.getByLabel("Password", { exact: true });
  await expect(password).toHaveAttribute("type", "password");
  await click(page, "Show password");
  await expect(password).toHaveAttribute("type", "text");
});

test("a forgotten password is replaced by way of the mailed link", async ({
  page,
  request,
  system,
}) => {
  const email = newAddress();
  await signUp(request, system, email);
  await page.goto("/auth/signin");
  await page.getByRole("link", { name: "Forgot password?" }).click();
  await see(page, "Reset your password");
  await fillIn(page, { "E-mail": email });
  await click(page, "Send me a link");
  await see(page, "Check your mail");

  const link = await linkIn(system.mails, email);
  await page.goto(link);
  await see(page, "Choose a new password");
  await expect(page).toHaveURL("/auth/reset-password");
  await fillIn(page, { "New password": NEW_PASSWORD });
  await click(page, "Change password");

  await expect(page.getByText("Your password has been changed.")).toBeVisible();
  await fillIn(page, { "E-mail": email, Password: NEW_PASSWORD });
  await click(page, "Sign in");
  await see(page, "Tasks");

  await page.goto(link);
  await see(page, "This link does not work");
});

test("an address is verified by way of the mailed link", async ({ page, context, system }) => {
  const { email } = await member(context, system);
  await page.goto("/settings");
  await expect(page.getByText(`${email} (not verified)`)).toBeVisible();
  await click(page, "Verify this address");
  await see(page, "Check your mail");

  await page.goto(await linkIn(system.mails, email));
  await click(page, "Confirm");
  await see(page, "Your address is verified");
  await page.getByRole("link", { name: "Go to your tasks" }).click();
  await page.getByRole("link", { name: "Settings" }).click();
  await expect(page.getByText(`${email} (verified)`)).toBeVisible();
});

test("if addresses must be verified first, users are told so", async ({ page }) => {
  const strict = await startSystem({ REQUIRE_EMAIL_VERIFICATION: "on" });
  const email = newAddress();
  await page.goto(`${strict.url}/auth/signup`);
  await fillIn(page, { Name: "Ada", "E-mail": email, Password: PASSWORD });
  await click(page, "Create account");
  await see(page, "Check your mail");

  await page.getByRole("link", { name: "Back to sign-in" }).click();
  await see(page, "Sign in");
  await fillIn(page, { "E-mail": email, Password: PASSWORD });
  await click(page, "Sign in");
  await expect(page.getByRole("alert")).toContainText("Verify your address first");

  await page.goto(await linkIn(strict.mails, email));
  await click(page, "Confirm");
  await page.getByRole("link", { name: "Sign in" }).click();
  await see(page, "Sign in");
  await fillIn(page, { "E-mail": email, Password: PASSWORD });
  await click(page, "Sign in");
  await see(page, "Tasks");
  await strict.stop();
});

test("too many attempts show how long to wait", async ({ page }) => {
  const limited = await startSystem({ RATE_LIMIT: "on" });
  await page.clock.install();
  await page.goto(`${limited.url}/auth/signin`);
  await fillIn(page, { "E-mail": newAddress() });
  for (let i = 0; i < 3; i += 1) {
    await fillIn(page, { Password: "not the password" });
    await click(page, "Sign in");
    await expect(page.getByText("The address or the password is wrong.")).toBeVisible();
  }
  await click(page, "Sign in");

  await expect(page.getByRole("alert")).toContainText(/Too many attempts\. Try again in \d+ seconds?\./);
  await page.clock.runFor(11_000);
  await expect(page.getByRole("alert")).toHaveCount(0);
  await limited.stop();
});

test("people change their name, in every tab", async ({ page, context, system }) => {
  await member(context, system);
  const another = await context.newPage();
  await another.goto("/settings");
  await page.goto("/settings");
  await fillIn(page, { Name: "Ada Lovelace" });
  await click(page, "Save name");

  await expect(page.getByText("Your name has been changed.")).toBeVisible();
  await expect(another.getByRole("button", { name: "Sign out Ada Lovelace" })).toBeVisible();
});

test("a new password signs out the other devices", async ({ page, context, system, browser }) => {
  const { email } = await member(context, system);
  const phone = await browser.newContext({ baseURL: system.url });
  await signIn(phone, system, email);
  await page.goto("/settings");
  await expect(page.getByRole("list", { name: "Devices" }).getByRole("listitem")).toHaveCount(2);

  await fillIn(page, { "Current password": "wrong", "New password": NEW_PASSWORD });
  await click(page, "Change password");
  await expect(page.getByLabel("Current password", { exact: true })).toHaveAccessibleDescription(
    "This is not your password.",
  );
  await fillIn(page, { "Current password": PASSWORD });
  await click(page, "Change password");
  await expect(page.getByText("Your password has been changed.")).toBeVisible();
  await expect(page.getByRole("list", { name: "Devices" }).getByRole("listitem")).toHaveCount(1);

  const there = await phone.newPage();
  await there.goto("/tasks");
  await see(there, "Sign in");
  await phone.close();
});

test("a device is signed out from another", async ({ page, context, system, browser }) => {
  const { email } = await member(context, system);
  const phone = await browser.newContext({
    baseURL: system.url,
    userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Mobile Safari/604.1",
  });
  await signIn(phone, system, email);
  await page.goto("/settings");
  await click(page, "Sign out Safari on iPhone");
  await expect(page.getByRole("list", { name: "Devices" }).getByRole("listitem")).toHaveCount(1);

  const there = await phone.newPage();
  await there.goto("/tasks");
  await see(there, "Sign in");
  await phone.close();
});

test("a new address counts when its link is opened", async ({ page, context, system }) => {
  const { email } = await member(context, system);
  const newEmail = newAddress();
  await page.goto("/settings");
  await fillIn(page, { "New e-mail address": email });
  await click(page, "Change address");
  await expect(page.getByLabel("New e-mail address")).toHaveAccessibleDescription(
    /This is already your address\./,
  );
  await fillIn(page, { "New e-mail address": newEmail });
  await click(page, "Change address");
  await expect(page.getByText(`Open the link in the e-mail to ${newEmail}`)).toBeVisible();

  await page.goto(await linkIn(system.mails, newEmail));
  await click(page, "Confirm");
  await expect(page).toHaveURL("/settings");
  await expect(page.getByText(`${newEmail} (`)).toBeVisible();
});

test("a deleted account is gone", async ({ page, context, system }) => {
  const { email } = await member(context, system);
  await page.goto("/settings");
  await click(page, "Delete account…");
  const dialog = page.getByRole("dialog", { name: "Delete your account?" });
  await dialog.getByLabel("Password", { exact: true }).fill("wrong");
  await click(page, "Delete for good");
  await expect(dialog.getByLabel("Password", { exact: true })).toHaveAccessibleDescription(
    "This is not your password.",
  );
  await dialog.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await click(page, "Delete for good");

  await expect(page.getByText("Your account has been deleted.")).toBeVisible();
  await fillIn(page, { "E-mail": email, Password: PASSWORD });
  await click(page, "Sign in");
  await expect(page.getByText("The address or the password is wrong.")).toBeVisible();
});
