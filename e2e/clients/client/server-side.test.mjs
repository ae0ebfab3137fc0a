// The recipe for server-side rendering in docs/getting-started.md.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { test } from "node:test";

import { member, serve, somebody } from "./people.mjs";

const server = serve();
const PAGE = resolve(import.meta.dirname, "../../../docs/getting-started.md");
const RECIPE = /<!-- server-side -->\n```js\n([^]*?)```/;

/** Imports the documented module as Next.js would for a request with this `Cookie` header. */
async function documented(cookie) {
  const [, code] = RECIPE.exec(await readFile(PAGE, "utf8"));
  const request = new Headers(cookie && { cookie });
  globalThis.headersOfRequest = async () => request;
  const framework = /import \{ headers \} from "next\/headers";/;
  assert.match(code, framework);
  const module = code.replace(framework, "const headers = globalThis.headersOfRequest;");
  process.env.AUTH_URL = server.url;
  return import(`data:text/javascript,${encodeURIComponent(module)}#${Math.random()}`);
}

test("a page's server learns who is signed in, and gets a token for the API", async () => {
  const { browser, user } = await member(server);
  const { getSession } = await documented(await browser.cookieHeader(server.url));

  const session = await getSession();

  assert.equal(session.user.email, user.email);
  assert.equal(session.token.split(".").length, 3);
});

test("a page's server learns that nobody is signed in", async () => {
  somebody(server);
  const { getSession } = await documented();

  assert.equal(await getSession(), null);
});
