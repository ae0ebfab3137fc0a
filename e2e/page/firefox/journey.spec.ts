// The main journeys in Firefox, whose storage, locks, dialogs and history differ from Chromium's.

import { expect } from "@playwright/test";
import { launch, Tab, test } from "../support/firefox";
import { startSystem } from "../support/services";

/** Opens the task with this title from the list. */
async function openTask(tab: Tab, title: string): Promise<void> {
  await tab.click(`Open ${title}`, "link");
  await tab.sees("Save changes");
}

test("a person signs up, and adds, edits, completes and deletes a task", async ({ open }) => {
  const tab = await open();
  await tab.signUp();
  await tab.addTask("Milk");
  await tab.addTask("Bread");
  await tab.lists("Bread", "Milk");
  await tab.click("Edit Milk");
  await tab.page.keyboard.type(" and eggs");
  await tab.page.keyboard.press("Enter");
  await tab.lists("Bread", "Milk and eggs");
  await tab.click("Done: Milk and eggs", "checkbox");
  await tab.click("Delete Bread");
  await tab.lists("Milk and eggs");
  await tab.click("Undo");
  await tab.lists("Bread", "Milk and eggs");
  await tab.click("Delete Bread");
  await tab.page.reload();
  await tab.lists("Milk and eggs");
  expect(await tab.page.$$eval("[data-control=tick]:checked", (ticks) => ticks.length)).toBe(1);
});

test("an unsent task survives a reload without the task service", async ({ open }) => {
  const system = await startSystem();
  const tab = await open(system);
  await tab.signUp();
  await system.tasks.stop();
  await tab.addTask("Written in a tunnel");
  await tab.sees("Not saved yet.");
  await tab.page.reload();
  await tab.lists("Written in a tunnel");
  await system.tasks.start();
  await tab.canOpen("Written in a tunnel");
  await system.stop();
});

test("an edited task survives Back and a reload", async ({ open }) => {
  const tab = await open();
  await tab.signUp();
  await tab.addTask("Milk");
  await openTask(tab, "Milk");
  await tab.fill("description", "Half a page of notes");
  await tab.page.evaluate(() => history.back());
  await tab.sees("Leave without saving?");
  await tab.click("Keep editing");
  await tab.has("description", "Half a page of notes");
  await tab.page.reload();
  await tab.sees("Your unsaved changes have been restored.");
  await tab.has("description", "Half a page of notes");
  await tab.click("Save changes");
  await tab.sees("Saved.");
});

test("text that was changed in another tab is reported as a conflict", async ({ open }) => {
  const [tab, other] = [await open(), await open()];
  await tab.signUp();
  await tab.addTask("Milk");
  await openTask(tab, "Milk");
  await other.goto(new URL(tab.page.url()).pathname);
  await tab.fill("description", "Mine");
  await other.fill("description", "Theirs");
  await other.click("Save changes");
  await other.sees("Saved.");
  await tab.click("Save changes");
  await tab.sees("Not saved: this task was changed elsewhere");
  await tab.has("description", "Mine");
  await tab.click("Save mine instead");
  await tab.sees("Saved.");
  await tab.page.reload();
  await tab.has("description", "Mine");
});

test("signing out in another tab ends the session, and makes a deletion final", async ({ open }) => {
  const [tab, other] = [await open(), await open()];
  const email = await tab.signUp();
  await tab.addTask("Milk");
  await tab.addTask("Bread");
  await other.goto("/tasks");
  await other.lists("Bread", "Milk");
  await tab.click("Delete Milk");
  await tab.lists("Bread");
  await other.click("Sign out Ada");
  await tab.sees("You were signed out.");
  await tab.signInHere(email);
  await tab.lists("Bread");
});

test("an open tab sends what a closed one has not sent", async ({ open }) => {
  const system = await startSystem();
  const [tab, closing] = [await open(system), await open(system)];
  await tab.signUp();
  await closing.goto("/tasks");
  await closing.sees("Nothing to do yet");
  await system.tasks.stop();
  await closing.addTask("Written in a tunnel");
  await closing.sees("Not saved yet.");
  await closing.page.close();
  await tab.lists("Written in a tunnel");
  await system.tasks.start();
  await tab.canOpen("Written in a tunnel");
  await system.stop();
});

test("blocked cookies are explained", async ({ open, system }) => {
  const email = await (await open()).signUp();
  const browser = await launch({ "network.cookie.cookieBehavior": 2 });
  const tab = new Tab(await browser.newPage(), system.url);
  await tab.goto("/auth/signin");
  await tab.signInHere(email);
  await tab.sees("does not store the session cookie");
  // Firefox logs that registering a service worker is not allowed, although the error is handled.
  expect(tab.errors.filter((error) => !error.includes("ServiceWorker"))).toEqual([]);
  await browser.close();
});
