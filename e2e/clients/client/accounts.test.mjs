// Signing up, in and out with the real client.

import assert from "node:assert/strict";
import { test } from "node:test";

import { PASSWORD, elsewhere, keepHeaders, member, newAddress, serve, somebody } from "./people.mjs";

const HOUR = 60 * 60 * 1000;

const server = serve();

test("sign-up gives the user and the token of the session", async () => {
  const { client } = somebody(server);
  const email = newAddress();

  const { data, error } = await client.signUp.email({ name: "Ada", email, password: PASSWORD });

  assert.equal(error, null);
  assert.equal(typeof data.token, "string");
  const { id, createdAt, updatedAt, ...user } = data.user;
  assert.deepEqual(user, { name: "Ada", email, emailVerified: false, image: null });
  assert.equal(typeof id, "string");
  assert.ok(createdAt instanceof Date && updatedAt instanceof Date);
});

test("sign-up takes an image", async () => {
  const { client } = somebody(server);
  const image = "https://example.com/ada.png";
  const person = { name: "Ada", email: newAddress(), password: PASSWORD, image };

  const { data } = await client.signUp.email(person);

  assert.equal(data.user.image, image);
});

test("sign-up signs in", async () => {
  const { client, user } = await member(server);

  const { data } = await client.getSession();

  assert.equal(data.user.id, user.id);
});

test("sign-up with a taken address is an error with status, text, code and message", async () => {
  const { email } = await member(server);
  const { client } = somebody(server);

  const { data, error } = await client.signUp.email({ name: "Eve", email, password: PASSWORD });

  assert.equal(data, null);
  assert.deepEqual(error, {
    status: 422,
    statusText: "Unprocessable Entity",
    code: "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
    message: "User already exists. Use another email.",
  });
});

test("sign-up with a short password has a code of its own", async () => {
  const { client } = somebody(server);

  const { error } = await client.signUp.email({ name: "Ada", email: newAddress(), password: "short" });

  assert.equal(error.status, 400);
  assert.equal(error.code, "PASSWORD_TOO_SHORT");
});

test("sign-up with a malformed address names the invalid field", async () => {
  const { client } = somebody(server);

  const { error } = await client.signUp.email({ name: "Ada", email: "nonsense", password: PASSWORD });

  assert.equal(error.code, "VALIDATION_ERROR");
  assert.equal(error.message, "[body.email] Invalid email address");
});

test("sign-in gives the user and another token", async () => {
  const ada = await member(server);
  const { client } = somebody(server);

  const { data, error } = await client.signIn.email({ email: ada.email, password: PASSWORD });

  assert.equal(error, null);
  assert.deepEqual(data.user, ada.user);
  assert.equal(data.redirect, false);
  assert.ok(!("url" in data));
  assert.notEqual(data.token, ada.token);
});

test("sign-in with a wrong password is an error", async () => {
  const { email } = await member(server);
  const { client } = somebody(server);

  const { data, error } = await client.signIn.email({ email, password: "wrong password" });

  assert.equal(data, null);
  assert.deepEqual(error, {
    status: 401,
    statusText: "Unauthorized",
    code: "INVALID_EMAIL_OR_PASSWORD",
    message: "Invalid email or password",
  });
});

test("sign-in of an unknown user is the same error", async () => {
  const { client } = somebody(server);

  const { error } = await client.signIn.email({ email: newAddress(), password: PASSWORD });

  assert.equal(error.code, "INVALID_EMAIL_OR_PASSWORD");
});

test("sign-in with a callbackURL returns the URL to go to", async () => {
  const { email } = await member(server);
  const { client } = somebody(server);

  const { data } = await client.signIn.email({ email, password: PASSWORD, callbackURL: "/dashboard" });

  assert.equal(data.redirect, true);
  assert.equal(data.url, "/dashboard");
});

test("sign-in with a foreign callbackURL is refused", async () => {
  const { email } = await member(server);
  const { client } = somebody(server);
  const callbackURL = "https://evil.example/";

  const { error } = await client.signIn.email({ email, password: PASSWORD, callbackURL });

  assert.equal(error.status, 403);
  assert.equal(error.code, "INVALID_CALLBACK_URL");
});

test("throw: true rejects with the status and the body", async () => {
  const { client } = somebody(server);

  const attempt = client.signIn.email({
    email: newAddress(),
    password: PASSWORD,
    fetchOptions: { throw: true },
  });

  await assert.rejects(attempt, (rejected) => {
    assert.equal(rejected.status, 401);
    assert.equal(rejected.statusText, "Unauthorized");
    assert.equal(rejected.error.code, "INVALID_EMAIL_OR_PASSWORD");
    return true;
  });
});

test("throw: true returns only the data", async () => {
  const { client, user } = await member(server);

  const data = await client.getSession({ fetchOptions: { throw: true } });

  assert.equal(data.user.id, user.id);
});

test("a session outlives the browser", async () => {
  const { browser, client, user } = await member(server);

  await browser.restart();

  const { data } = await client.getSession();
  assert.equal(data.user.id, user.id);
});

test("with rememberMe: false a session ends with the browser", async () => {
  const { email } = await member(server);
  const { browser, client } = somebody(server);
  await client.signIn.email({ email, password: PASSWORD, rememberMe: false });
  assert.notEqual((await client.getSession()).data, null);

  await browser.restart();

  assert.equal((await client.getSession()).data, null);
});

test("with rememberMe: false the session lasts a day", async () => {
  const { email } = await member(server);
  const { client } = somebody(server);
  await client.signIn.email({ email, password: PASSWORD, rememberMe: false });

  const { session } = (await client.getSession()).data;

  assert.equal(Math.round((session.expiresAt - session.createdAt) / HOUR), 24);
});

test("sign-out ends the session", async () => {
  const { client } = await member(server);

  const { data, error } = await client.signOut();

  assert.equal(error, null);
  assert.equal(data.success, true);
  assert.equal((await client.getSession()).data, null);
});

test("sign-out leaves the other browser signed in", async () => {
  const ada = await member(server);
  const other = await elsewhere(server, ada);

  await ada.client.signOut();

  assert.equal((await other.client.getSession()).data.user.id, ada.user.id);
});

test("sign-out without a session is no error", async () => {
  const { client } = somebody(server);

  const { data, error } = await client.signOut();

  assert.equal(error, null);
  assert.equal(data.success, true);
});

test("sign-up hands the signed token to a page that wants a bearer", async () => {
  const { client } = somebody(server);
  const seen = {};
  const person = { name: "Ada", email: newAddress(), password: PASSWORD };

  const { data } = await client.signUp.email({ ...person, fetchOptions: keepHeaders(seen) });

  assert.equal(seen.headers.get("set-auth-token").split(".")[0], data.token);
});
