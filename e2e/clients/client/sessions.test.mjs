// The session, by cookie and by bearer token, and all sessions of a user.

import assert from "node:assert/strict";
import { test } from "node:test";

import { PASSWORD, elsewhere, keepHeaders, member, serve, somebody } from "./people.mjs";

const DAY = 24 * 60 * 60 * 1000;

const server = serve();

/** Signs in the user and returns the signed session token from the response headers. */
async function signedToken({ email }) {
  const { client } = somebody(server);
  const seen = {};
  await client.signIn.email({ email, password: PASSWORD, fetchOptions: keepHeaders(seen) });
  return seen.headers.get("set-auth-token");
}

const withBearer = (token) => ({ fetchOptions: { auth: { type: "Bearer", token } } });

test("getSession without a session is null without an error", async () => {
  const { client } = somebody(server);

  assert.deepEqual(await client.getSession(), { data: null, error: null });
});

test("getSession gives session and user", async () => {
  const { client, user, token } = await member(server);

  const { data, error } = await client.getSession();

  assert.equal(error, null);
  assert.deepEqual(data.user, user);
  assert.deepEqual(Object.keys(data.session).sort(), [
    "createdAt",
    "expiresAt",
    "id",
    "ipAddress",
    "token",
    "updatedAt",
    "userAgent",
    "userId",
  ]);
  assert.equal(data.session.token, token);
  assert.equal(data.session.userId, user.id);
});

test("times are dates with the right milliseconds", async () => {
  const before = Date.now();
  const { client, user } = await member(server);
  const { data } = await client.getSession();
  const after = Date.now();

  for (const date of [user.createdAt, data.session.createdAt, data.session.updatedAt]) {
    assert.ok(date instanceof Date);
    assert.ok(before <= date.getTime() && date.getTime() <= after, date.toISOString());
  }
  assert.equal(Math.round((data.session.expiresAt - data.session.updatedAt) / DAY), 7);
  assert.deepEqual(data.user.createdAt, user.createdAt);
});

test("getSession returns a JWT to the page", async () => {
  const { client } = await member(server);
  const seen = {};

  await client.getSession({ fetchOptions: keepHeaders(seen) });

  assert.equal(seen.headers.get("set-auth-jwt").split(".").length, 3);
});

test("the token of the session works as a bearer", async () => {
  const { token, user } = await member(server);
  const { client } = somebody(server);

  const { data } = await client.getSession(withBearer(token));

  assert.equal(data.user.id, user.id);
});

test("the signed token works as a bearer", async () => {
  const ada = await member(server);
  const { client } = somebody(server);

  const { data } = await client.getSession(withBearer(await signedToken(ada)));

  assert.equal(data.user.id, ada.user.id);
});

test("a bearer can be set for the whole client", async () => {
  const ada = await member(server);
  const { client } = somebody(server);
  const token = await signedToken(ada);
  const bearer = { type: "Bearer", token: () => token };

  const { data, error } = await client.updateUser({ name: "Ada B.", fetchOptions: { auth: bearer } });

  assert.equal(error, null);
  assert.equal(data.status, true);
});

test("an unknown bearer has no session", async () => {
  const { client } = somebody(server);

  assert.equal((await client.getSession(withBearer("unknown"))).data, null);
});

test("a JWT is not accepted as a bearer", async () => {
  const ada = await member(server);
  const { data } = await ada.client.token();
  const { client } = somebody(server);

  assert.equal((await client.getSession(withBearer(data.token))).data, null);
});

test("listSessions lists all sessions of the user and nobody else's", async () => {
  const ada = await member(server);
  const other = await elsewhere(server, ada);
  await member(server);

  const { data, error } = await ada.client.listSessions();

  assert.equal(error, null);
  assert.deepEqual(data.map(({ token }) => token).sort(), [ada.token, other.token].sort());
  assert.ok(data.every(({ expiresAt }) => expiresAt instanceof Date));
});

test("listSessions without a session is refused", async () => {
  const { client } = somebody(server);

  const { error } = await client.listSessions();

  assert.equal(error.status, 401);
  assert.equal(error.code, "UNAUTHORIZED");
});

test("revokeSession ends one session", async () => {
  const ada = await member(server);
  const other = await elsewhere(server, ada);

  const { data } = await ada.client.revokeSession({ token: other.token });

  assert.equal(data.status, true);
  assert.equal((await other.client.getSession()).data, null);
  assert.notEqual((await ada.client.getSession()).data, null);
});

test("revokeSession does nothing to somebody else's", async () => {
  const ada = await member(server);
  const eve = await member(server);

  const { data } = await eve.client.revokeSession({ token: ada.token });

  assert.equal(data.status, true);
  assert.notEqual((await ada.client.getSession()).data, null);
});

test("revokeOtherSessions ends all but this one", async () => {
  const ada = await member(server);
  const other = await elsewhere(server, ada);

  const { data } = await ada.client.revokeOtherSessions();

  assert.equal(data.status, true);
  assert.equal((await other.client.getSession()).data, null);
  assert.notEqual((await ada.client.getSession()).data, null);
});

test("revokeSessions ends all", async () => {
  const ada = await member(server);
  const other = await elsewhere(server, ada);

  const { data } = await ada.client.revokeSessions();

  assert.equal(data.status, true);
  assert.equal((await other.client.getSession()).data, null);
  assert.equal((await ada.client.getSession()).data, null);
});
