// Builds the Next.js example, and uses it in a browser with both services.
//
//     AUTH_SERVICE=../../target/release/auth-service node --test journey/nextjs.test.mjs

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { freePort, start, startOurs, startTasks } from "../../clients/support/server.mjs";
import { PASSWORD, newAddress, startBrowser } from "./people.mjs";

const ROOT = resolve(import.meta.dirname, "../../..");
const EXAMPLE = join(ROOT, "examples/nextjs");
const NEXT = join(EXAMPLE, "node_modules/next/dist/bin/next");
const RECIPE = /<!-- server-side -->\n```js\n\/\/ lib\/session.js\n([^]*?)```/;

const running = [];
let browser;
let page;

before(async () => {
  const port = await freePort();
  const pages = { FRONTEND_URL: `http://localhost:${port}` };
  const auth = await run(startOurs(pages));
  const tasks = await run(startTasks(auth.url, pages));
  const addresses = { AUTH_URL: auth.url, TASKS_URL: tasks.url, NEXT_TELEMETRY_DISABLED: "1" };
  const env = { ...process.env, ...addresses };
  await promisify(execFile)(process.execPath, [NEXT, "build"], { cwd: EXAMPLE, env });
  const command = [process.execPath, NEXT, "start", EXAMPLE, "--hostname", "127.0.0.1"];
  const { url: baseURL } = await run(start(command, { ...addresses, PORT: port }));
  browser = await startBrowser();
  page = await browser.newPage({ baseURL });
});

after(async () => {
  await browser?.close();
  for (const server of running) await server.stop();
});

async function run(starting) {
  const server = await starting;
  running.push(server);
  return server;
}

const press = (name) => page.getByRole("button", { name }).click();
const seeHeading = (name) => page.getByRole("heading", { name }).waitFor();

test("a visitor signs up, adds a task and signs out", async () => {
  await page.goto("/");
  await seeHeading("Sign in");
  await press("Create an account");
  await page.getByLabel("Name").fill("Ada");
  await page.getByLabel("E-mail").fill(newAddress());
  await page.getByLabel("Password").fill(PASSWORD);
  await press("Continue");
  await seeHeading("Tasks of Ada");

  await page.getByLabel("New task").fill("Buy milk");
  await press("Add");
  await page.getByRole("listitem").filter({ hasText: "Buy milk" }).waitFor();
  const rendered = await page.request.get("/");
  assert.match(await rendered.text(), /<li>Buy milk<\/li>/);

  await press("Sign out");
  await seeHeading("Sign in");
  await page.goto("/");
  await seeHeading("Sign in");
});

test("the documentation shows the code of the example", async () => {
  const read = (file) => readFile(join(ROOT, file), "utf8");
  const [, recipe] = RECIPE.exec(await read("docs/getting-started.md"));
  assert.equal(recipe, await read("examples/nextjs/lib/session.js"));
  const [line] = /^export .*$/m.exec(await read("examples/nextjs/lib/auth-client.js"));
  assert.ok((await read("examples/README.md")).includes(`\n${line}\n`));
});
