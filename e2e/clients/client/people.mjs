// Users who run the real client in a simulated browser, for the tests in this folder.

import { after, before } from "node:test";

import { createAuthClient } from "better-auth/client";
import { jwtClient } from "better-auth/client/plugins";

import { Browser } from "../support/browser.mjs";
import { FRONT_END, hasOurs, startOriginal, startOurs } from "../support/server.mjs";

export const PASSWORD = "correct horse 42";
export const NEW_PASSWORD = "another password 7";

/**
 * Starts a server before the tests of a file and stops it after them: auth-service, or Better Auth
 * if AUTH_SERVICE is not set.
 */
export function serve(env = {}) {
  const server = {};
  before(async () => Object.assign(server, await (hasOurs ? startOurs : startOriginal)(env)));
  after(() => server.stop());
  return server;
}

let count = 0;

export const newAddress = () => `person-${(count += 1)}@example.com`;

/**
 * Returns the origin of the web app. For Better Auth, it is the server's own origin, because that
 * server does not enable CORS.
 */
const pageOf = (server) => (hasOurs ? FRONT_END : server.url);

/** Returns a client in its own browser, as `{ browser, client }`. */
export function somebody(server, { create = createAuthClient, origin = pageOf(server) } = {}) {
  const browser = new Browser(origin);
  const client = create({
    baseURL: server.url,
    plugins: [jwtClient()],
    fetchOptions: { customFetchImpl: browser.fetch },
  });
  return { browser, client };
}

/** Signs up a new user. Returns `{ browser, client, email, user, token }`. */
export async function member(server, options) {
  const person = somebody(server, options);
  const email = newAddress();
  const { data, error } = await person.client.signUp.email({ name: "Ada", email, password: PASSWORD });
  if (error) throw new Error(`the sign-up is refused: ${JSON.stringify(error)}`);
  return { ...person, email, ...data };
}

/** Signs in an existing user in another browser. Returns the same fields as `member`. */
export async function elsewhere(server, { email }, options) {
  const person = somebody(server, options);
  const { data, error } = await person.client.signIn.email({ email, password: PASSWORD });
  if (error) throw new Error(`the sign-in is refused: ${JSON.stringify(error)}`);
  return { ...person, email, ...data };
}

/** Returns `fetchOptions` that store a successful response's headers in `seen.headers`. */
export function keepHeaders(seen) {
  return {
    onSuccess: ({ response }) => {
      seen.headers = response.headers;
    },
  };
}
