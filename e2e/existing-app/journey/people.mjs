// Actions of users in a browser: typing, clicking and reading.

import { chromium } from "playwright-core";

/** Arguments that keep the browser from sending requests of its own. */
const QUIET = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

export const PASSWORD = "correct horse 42";
export const NEW_PASSWORD = "another password 7";

export const startBrowser = () =>
  chromium.launch({ executablePath: process.env.TEST_CHROMIUM ?? "/usr/bin/chromium", args: QUIET });

let count = 0;

export const newAddress = () => `person-${(count += 1)}@example.com`;

/** A tab with the web app. */
export class Tab {
  constructor(page) {
    this.page = page;
  }

  /** Opens a tab with separate cookies and `device` as its user agent. */
  static async onNewDevice(browser, origin, device) {
    const context = await browser.newContext({ baseURL: origin, userAgent: device });
    return new Tab(await context.newPage());
  }

  /** Opens another tab in the same browser. */
  async another() {
    return new Tab(await this.page.context().newPage());
  }

  open(address) {
    return this.page.goto(address);
  }

  async click(name) {
    await this.page.bringToFront();
    await this.page.getByRole("button", { name, exact: true }).click();
  }

  async follow(name) {
    await this.page.bringToFront();
    await this.page.getByRole("link", { name, exact: true }).click();
  }

  /** Fills in and submits the form with this title. `fields` maps labels to values. */
  async submit(title, fields) {
    await this.page.bringToFront();
    const form = this.page.getByRole("form", { name: title, exact: true });
    for (const [label, value] of Object.entries(fields)) {
      const field = form.getByLabel(label, { exact: true });
      await (typeof value === "boolean" ? field.setChecked(value) : field.fill(value));
    }
    await form.getByRole("button", { name: title, exact: true }).click();
  }

  see(text) {
    return this.page.getByText(text, { exact: true }).waitFor();
  }

  seeProblem(text) {
    return this.page.getByRole("alert").and(this.page.getByText(text, { exact: true })).waitFor();
  }

  /** Waits until the header shows the signed-in user. */
  seeInHeader(name) {
    return this.page.getByRole("banner").getByText(name, { exact: true }).waitFor();
  }

  /** Returns the text of the element with this label. */
  read(label) {
    return this.page.getByLabel(label, { exact: true }).innerText();
  }

  /** Waits until the list with this name has exactly `count` rows, and returns the rows. */
  async rows(list, count) {
    const rows = this.page.getByRole("list", { name: list }).getByRole("listitem");
    await rows.nth(count - 1).waitFor();
    await rows.nth(count).waitFor({ state: "detached" });
    return rows;
  }

  /** Simulates switching back to the tab. */
  focus() {
    return this.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  }

  async cookie(name) {
    const cookies = await this.page.context().cookies();
    return cookies.find((cookie) => cookie.name === name);
  }
}
