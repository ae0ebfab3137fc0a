// Runs the same user journey in the same web app with Better Auth's server and with auth-service.
//
//     AUTH_SERVICE=../../target/release/auth-service npm test
//
// TEST_CHROMIUM is the path of a browser other than /usr/bin/chromium. The other environment
// variables are documented in ../../clients/support/server.mjs.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, afterEach, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { createRemoteJWKSet, jwtVerify } from "jose";

import { startOriginal, startOurs } from "../../clients/support/server.mjs";
import { differences, serveApp } from "./app.mjs";
import { NEW_PASSWORD, PASSWORD, Tab, newAddress, startBrowser } from "./people.mjs";

const WEEK = 7 * 24 * 60 * 60;
const SERVERS = {
  original: (env) => startOriginal({ ...env, CORS: "on" }),
  ours: startOurs,
};

const apps = [];
/** Requests that the pages sent to each server, with the statuses of the responses. */
const conversations = {};
let browser;

before(async () => {
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  for (const app of apps) await app.stop();
});

for (const name of Object.keys(SERVERS)) describe(name, () => journey(name));

test("one line differs between both copies of the app", async () => {
  const changed = await differences(...apps);
  assert.equal(changed.length, 1, JSON.stringify(changed));
  const [[file, ...lines]] = changed;
  assert.equal(file, "src/lib/auth-client.ts");
  for (const line of lines) assert.match(line, /^ {2}baseURL: "http:\/\/localhost:\d+",$/);
});

test("both copies of the app asked for the same things and were answered alike", () => {
  assert.deepEqual([...conversations.ours].sort(), [...conversations.original].sort());
});

test("the types of the app fit those of the client", async () => {
  const [{ folder: cwd }] = apps;
  await promisify(execFile)(process.execPath, ["node_modules/typescript/bin/tsc"], { cwd });
});

function journey(name) {
  const asked = new Set();
  conversations[name] = asked;
  const uncaught = [];
  let app;
  let server;

  before(async () => {
    app = await serveApp();
    apps.push(app);
    server = await SERVERS[name]({ FRONTEND_URL: app.origin });
    await app.buildFor(server.url);
  });

  after(() => server?.stop());

  /**
   * Closes all pages, after printing their contents if the test has failed. The test fails if a
   * page had an uncaught error.
   */
  afterEach(async (context) => {
    for (const device of browser.contexts()) {
      for (const page of context.passed ? [] : device.pages()) {
        console.log(`${page.url()}\n${await page.locator("body").ariaSnapshot()}\n`);
      }
      await device.close();
    }
    assert.deepEqual(uncaught.splice(0), []);
  });

  /** Opens the web app in a new browser. */
  async function visitor(device = "Laptop") {
    const tab = await Tab.onNewDevice(browser, app.origin, device);
    tab.page.context().on("weberror", (error) => uncaught.push(error.error()));
    tab.page.context().on("response", (response) => {
      const { origin, pathname } = new URL(response.url());
      if (origin !== server.url) return;
      const path = pathname.replace(/(?<=reset-password\/).+/, "<token>");
      asked.add(`${response.request().method()} ${path}: ${response.status()}`);
    });
    await tab.open("/");
    return tab;
  }

  /** Signs up a new user in a new browser. */
  async function member() {
    const tab = await visitor();
    const email = newAddress();
    await tab.follow("sign up");
    await tab.submit("Sign up", { Name: "Ada", "E-mail": email, Password: PASSWORD });
    await tab.see("Hello, Ada");
    return { tab, email };
  }

  async function signIn(tab, email, password, fields = {}) {
    await tab.open("/sign-in");
    await tab.submit("Sign in", { "E-mail": email, Password: password, ...fields });
  }

  /** Signs in an existing user on another device. */
  async function elsewhere(email) {
    const tab = await visitor("Phone");
    await signIn(tab, email, PASSWORD);
    await tab.see("Hello, Ada");
    return tab;
  }

  test("sign-up, sign-out and sign-in", async () => {
    const { tab, email } = await member();
    await tab.see(email);
    await tab.open("/");
    await tab.see("Hello, Ada");

    await tab.click("Sign out");
    await tab.submit("Sign in", { "E-mail": email, Password: "not the password" });
    await tab.seeProblem("Invalid email or password");

    await tab.submit("Sign in", { "E-mail": email, Password: PASSWORD });
    await tab.see("Hello, Ada");
  });

  test("a sign-up that is refused says why", async () => {
    const { email } = await member();
    const tab = await visitor();
    await tab.open("/sign-up");

    await tab.submit("Sign up", { Name: "Eve", "E-mail": email, Password: PASSWORD });
    await tab.seeProblem("User already exists. Use another email.");
    await tab.submit("Sign up", { Name: "Eve", "E-mail": newAddress(), Password: "short" });
    await tab.seeProblem("Password too short");
  });

  test("a new name is shown at once, in every tab", async () => {
    const { tab } = await member();
    const another = await tab.another();
    await another.open("/");
    await another.see("Hello, Ada");

    await tab.follow("Settings");
    await tab.submit("Change name", { "New name": "Ada B." });

    await tab.seeInHeader("Ada B.");
    await another.seeInHeader("Ada B.");
  });

  test("sign-out is seen in every tab", async () => {
    const { tab } = await member();
    const another = await tab.another();
    await another.open("/");
    await another.see("Hello, Ada");

    await tab.click("Sign out");

    await another.see("You are signed out");
  });

  test("a device is signed out from another", async () => {
    const { tab, email } = await member();
    const phone = await elsewhere(email);

    await tab.follow("Settings");
    const devices = await tab.rows("Devices", 2);
    await devices.filter({ hasText: "Laptop" }).getByText("this device").waitFor();
    await devices.filter({ hasText: "Phone" }).getByRole("button", { name: "Revoke" }).click();
    await tab.rows("Devices", 1);

    await phone.focus();
    await phone.see("You are signed out");
    await tab.open("/");
    await tab.see("Hello, Ada");
  });

  test("a new password signs out the other devices", async () => {
    const { tab, email } = await member();
    const phone = await elsewhere(email);
    await tab.follow("Settings");
    await tab.rows("Devices", 2);
    const fields = { "New password": NEW_PASSWORD, "Sign out other devices": true };

    await tab.submit("Change password", { "Current password": "wrong", ...fields });
    await tab.seeProblem("Invalid password");
    await tab.submit("Change password", { "Current password": PASSWORD, ...fields });
    await tab.see("Your password has been changed.");

    await tab.rows("Devices", 1);
    await phone.open("/");
    await phone.see("You are signed out");
    await signIn(phone, email, PASSWORD);
    await phone.seeProblem("Invalid email or password");
    await phone.submit("Sign in", { "E-mail": email, Password: NEW_PASSWORD });
    await phone.see("Hello, Ada");
  });

  test("a forgotten password is replaced by the mailed link", async () => {
    const { email } = await member();
    const tab = await visitor();
    await tab.open("/sign-in");
    await tab.follow("I forgot my password");
    await tab.submit("Send me a link", { "E-mail": email });
    await tab.see("If there is such an account, a mail is on its way.");

    const { link } = await server.mailbox.next(email);
    await tab.open(link);
    await tab.submit("Set password", { "New password": NEW_PASSWORD });
    await tab.submit("Sign in", { "E-mail": email, Password: NEW_PASSWORD });
    await tab.see("Hello, Ada");

    await tab.open(link);
    await tab.see("This link is no longer valid: INVALID_TOKEN");
  });

  test("a new address counts when its link is opened", async () => {
    const { tab, email } = await member();
    const newEmail = newAddress();
    await tab.follow("Settings");

    await tab.submit("Change e-mail", { "New e-mail": email });
    await tab.seeProblem("Email is the same");
    await tab.submit("Change e-mail", { "New e-mail": newEmail });
    await tab.see("Please open the link that was sent to the new address.");
    await tab.see(email);

    const { link } = await server.mailbox.next(newEmail);
    await tab.open(link);
    await tab.see(newEmail);
    assert.equal(tab.page.url(), `${app.origin}/settings`);
  });

  test("the token identifies the user to other services", async () => {
    const { tab, email } = await member();

    await tab.click("Show token");
    const claims = JSON.parse(await tab.read("Claims"));

    const keys = createRemoteJWKSet(new URL(`${server.url}/api/auth/jwks`));
    const verified = await jwtVerify(await tab.read("Token"), keys, {
      issuer: server.url,
      audience: server.url,
    });
    assert.deepEqual(claims, verified.payload);
    assert.equal(claims.sub, claims.id);
    assert.equal(claims.email, email);
    assert.equal(claims.name, "Ada");
  });

  test("users are remembered only if they choose so", async () => {
    const { tab, email } = await member();
    const remembered = await tab.cookie("better-auth.session_token");
    const left = remembered.expires - Date.now() / 1000;
    assert.ok(left > WEEK - 60 && left <= WEEK + 1, `${left} s are left`);
    assert.ok(remembered.httpOnly);
    assert.equal(remembered.sameSite, "Lax");

    const guest = await visitor();
    await signIn(guest, email, PASSWORD, { "Remember me": false });
    await guest.see("Hello, Ada");
    for (const name of ["session_token", "dont_remember"]) {
      assert.equal((await guest.cookie(`better-auth.${name}`)).expires, -1, name);
    }
  });

  test("a deleted account is signed out everywhere", async () => {
    const { tab, email } = await member();
    const another = await tab.another();
    await another.open("/");
    await another.see("Hello, Ada");
    const phone = await elsewhere(email);
    await tab.follow("Settings");

    await tab.submit("Delete account", { Password: "wrong" });
    await tab.seeProblem("Invalid password");
    await tab.submit("Delete account", { Password: PASSWORD });

    await tab.see("You are signed out");
    for (const left of [another, phone]) {
      await left.focus();
      await left.see("You are signed out");
    }
    assert.equal(await tab.cookie("better-auth.session_token"), undefined);
    await signIn(tab, email, PASSWORD);
    await tab.seeProblem("Invalid email or password");
    await tab.open("/sign-up");
    await tab.submit("Sign up", { Name: "Ada again", "E-mail": email, Password: PASSWORD });
    await tab.see("Hello, Ada again");
  });
}
