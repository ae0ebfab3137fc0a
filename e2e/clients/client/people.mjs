// People who use the real client in a browser, for the tests of this folder.

import { after, before } from "node:test";

import { createAuthClient } from "better-auth/client";
import { jwtClient } from "better-auth/client/plugins";

import { Browser } from "../support/browser.mjs";
import { FRONT_END, hasOurs, startOriginal, startOurs } from "../support/server.mjs";

export const PASSWORD = "correct horse 42";
export const NEW_PASSWORD = "another password 7";

/** A server for the tests of a file: ours, or the original to see whether the tests are right. */
export function serve(env = {}) {
  const server = {};
  before(async () => Object.assign(server, await (hasOurs ? startOurs : startOriginal)(env)));
  after(() => server.stop());
  return server;
}

let count = 0;

export const newAddress = () => `person-${(count += 1)}@example.com`;

/** Where a page may come from: the original does not share with other origins. */
const pageOf = (server) => (hasOurs ? FRONT_END : server.url);

/** Somebody at a browser: `{ browser, client }`. */
export function somebody(server, { create = createAuthClient, origin = pageOf(server) } = {}) {
  const browser = new Browser(origin);
  const client = create({
    baseURL: server.url,
    plugins: [jwtClient()],
    fetchOptions: { customFetchImpl: browser.fetch },
  });
  return { browser, client };
}

/** Somebody who has signed up: `{ browser, client, email, user, token }`. */
export async function member(server, options) {
  const person = somebody(server, options);
  const email = newAddress();
  const { data, error } = await person.client.signUp.email({ name: "Ada", email, password: PASSWORD });
  if (error) throw new Error(`the sign-up is refused: ${JSON.stringify(error)}`);
  return { ...person, email, ...data };
}

/** The same person at another browser. */
export async function elsewhere(server, { email }, options) {
  const person = somebody(server, options);
  const { data, error } = await person.client.signIn.email({ email, password: PASSWORD });
  if (error) throw new Error(`the sign-in is refused: ${JSON.stringify(error)}`);
  return { ...person, email, ...data };
}

/** `fetchOptions` that keep the headers of a successful answer in `seen`. */
export function keepHeaders(seen) {
  return {
    onSuccess: ({ response }) => {
      seen.headers = response.headers;
    },
  };
}
