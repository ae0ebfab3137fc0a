// Fixtures for tests in Firefox: a browser and a system that a worker's tests share, and a separate
// profile for each test.

import { test as base, expect } from "@playwright/test";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { newAddress, PASSWORD } from "./people";
import { startSystem, type System } from "./services";

const PATIENCE = 15_000;

export function launch(preferences: Record<string, unknown> = {}): Promise<Browser> {
  return puppeteer.launch({
    browser: "firefox",
    executablePath: process.env.TEST_FIREFOX ?? "/usr/bin/firefox-esr",
    extraPrefsFirefox: preferences,
  });
}

const fieldOf = (name: string) => `:is(input, textarea)[name="${name}"]`;

const nodeOf = (name: string, role: string) => `::-p-aria([name="${name}"][role="${role}"])`;

/** A browser tab that records its errors. Errors in tabs from the fixture `open` fail the test. */
export class Tab {
  readonly errors: string[] = [];

  constructor(
    readonly page: Page,
    private readonly url: string,
  ) {
    page.setDefaultTimeout(PATIENCE);
    page.on("pageerror", (error) => this.#keep(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") this.#keep(message.text());
    });
    // Closing or reloading a page with unsent changes asks for confirmation.
    page.on("dialog", (dialog) => void dialog.accept());
  }

  /** Records an error, except the CORS error that Firefox reports if a request gets no response. */
  #keep(error: string): void {
    if (!error.includes("CORS request did not succeed")) this.errors.push(error);
  }

  async goto(path: string): Promise<void> {
    await this.page.goto(this.url + path);
  }

  // Actions bring their tab to the front, because Firefox renders only the tab in front, and only
  // that tab reacts to input.

  /** Replaces the text of the field with this name. */
  async fill(field: string, text: string): Promise<void> {
    await this.page.bringToFront();
    await this.page.locator(fieldOf(field)).fill(text);
  }

  async click(name: string, role = "button"): Promise<void> {
    await this.page.bringToFront();
    await this.page.locator(nodeOf(name, role)).click();
  }

  async sees(text: string): Promise<void> {
    await this.page.locator(`::-p-text(${text})`).wait();
  }

  /** Waits until the task in the list has a link, which means that the service has stored it. */
  async canOpen(title: string): Promise<void> {
    await this.page.locator(nodeOf(`Open ${title}`, "link")).wait();
  }

  /** Waits until the value of the field with this name equals `text`. */
  async has(field: string, text: string): Promise<void> {
    const value = () => this.page.$eval(fieldOf(field), (element) => "value" in element && element.value);
    await expect.poll(() => value().catch(() => undefined)).toBe(text);
  }

  async addTask(title: string): Promise<void> {
    await this.page.bringToFront();
    const field = await this.page.waitForSelector('[data-shortcut="new-task"]');
    await field?.type(title);
    await field?.press("Enter");
  }

  /** Signs up a new user in this tab, and returns the user's e-mail address. */
  async signUp(): Promise<string> {
    const email = newAddress();
    await this.goto("/auth/signup");
    await this.fill("name", "Ada");
    await this.fill("email", email);
    await this.fill("password", PASSWORD);
    await this.click("Create account");
    await this.sees("Nothing to do yet");
    return email;
  }

  /** Fills in and submits the sign-in form that the page shows. */
  async signInHere(email: string): Promise<void> {
    await this.fill("email", email);
    await this.fill("password", PASSWORD);
    await this.click("Sign in");
  }

  /** Waits until the list shows exactly these titles, in this order. */
  async lists(...titles: string[]): Promise<void> {
    const shown = () =>
      this.page.$$eval("ul > li [data-control=edit]", (rows) => rows.map((row) => row.textContent));
    await expect.poll(shown).toEqual(titles);
  }
}

interface Fixtures {
  /** Opens a tab in the test's profile. By default, the tab uses the shared system. */
  open(system?: System): Promise<Tab>;
}

export const test = base.extend<Fixtures, { firefox: Browser; system: System }>({
  system: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the required fixtures from the pattern
    async ({}, use) => {
      const system = await startSystem();
      await use(system);
      await system.stop();
    },
    { scope: "worker" },
  ],
  firefox: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the required fixtures from the pattern
    async ({}, use) => {
      const browser = await launch();
      await use(browser);
      await browser.close();
    },
    { scope: "worker" },
  ],
  open: async ({ firefox, system }, use) => {
    const context = await firefox.createBrowserContext();
    const tabs: Tab[] = [];
    await use(async ({ url } = system) => {
      const tab = new Tab(await context.newPage(), url);
      tabs.push(tab);
      return tab;
    });
    await context.close();
    for (const { errors } of tabs) expect(errors).toEqual([]);
  },
});
