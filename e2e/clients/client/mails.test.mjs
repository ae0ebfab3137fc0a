// Actions of links in e-mails: resetting the password, verifying and changing the address.

import assert from "node:assert/strict";
import { test } from "node:test";

import { NEW_PASSWORD, PASSWORD, member, newAddress, serve, somebody } from "./people.mjs";

const server = serve();

test("a forgotten password is reset by the mailed link", async () => {
  const { email } = await member(server);
  const { browser, client } = somebody(server);
  const redirectTo = `${browser.origin}/reset`;

  const asked = await client.requestPasswordReset({ email, redirectTo });
  assert.equal(asked.data.status, true);

  const { link } = await server.mailbox.next(email);
  const { status, location } = await browser.open(link);
  assert.equal(status, 302);
  const page = new URL(location);
  assert.equal(page.origin + page.pathname, redirectTo);

  const token = page.searchParams.get("token");
  const done = await client.resetPassword({ newPassword: NEW_PASSWORD, token });
  assert.deepEqual(done, { data: { status: true }, error: null });
  assert.equal((await client.signIn.email({ email, password: NEW_PASSWORD })).error, null);
  assert.equal((await client.signIn.email({ email, password: PASSWORD })).error.status, 401);
});

test("a reset for an unknown address gets the same response", async () => {
  const { email } = await member(server);
  const { client } = somebody(server);

  const known = await client.requestPasswordReset({ email });
  const unknown = await client.requestPasswordReset({ email: newAddress() });

  assert.deepEqual(unknown, known);
});

test("a reset token works once", async () => {
  const { email } = await member(server);
  const { client } = somebody(server);
  await client.requestPasswordReset({ email });
  const { token } = await server.mailbox.next(email);
  await client.resetPassword({ newPassword: NEW_PASSWORD, token });

  const { error } = await client.resetPassword({ newPassword: PASSWORD, token });

  assert.equal(error.status, 400);
  assert.equal(error.code, "INVALID_TOKEN");
});

test("the link of an unknown token redirects to the page with an error", async () => {
  const { browser } = somebody(server);
  const callback = encodeURIComponent(`${browser.origin}/reset`);
  const link = `${server.url}/api/auth/reset-password/unknown?callbackURL=${callback}`;

  const { location } = await browser.open(link);

  assert.equal(location, `${browser.origin}/reset?error=INVALID_TOKEN`);
});

test("an address is verified by the mailed link", async () => {
  const { browser, client, email } = await member(server);
  const callbackURL = `${browser.origin}/welcome`;

  const sent = await client.sendVerificationEmail({ email, callbackURL });
  assert.equal(sent.data.status, true);

  const { link } = await server.mailbox.next(email);
  assert.deepEqual(await browser.open(link), { status: 302, location: callbackURL });
  assert.equal((await client.getSession()).data.user.emailVerified, true);
});

test("a page can verify the address with the token alone", async () => {
  const { client, email } = await member(server);
  await client.sendVerificationEmail({ email });
  const { token } = await server.mailbox.next(email);

  const { data, error } = await client.verifyEmail({ query: { token } });

  assert.equal(error, null);
  assert.equal(data.status, true);
  assert.equal((await client.getSession()).data.user.emailVerified, true);
});

test("verifyEmail with a made-up token is refused", async () => {
  const { client } = somebody(server);

  const { error } = await client.verifyEmail({ query: { token: "unknown" } });

  assert.equal(error.status, 401);
  assert.equal(error.code, "INVALID_TOKEN");
});

test("sendVerificationEmail to somebody else's address is refused", async () => {
  const { client } = await member(server);

  const { error } = await client.sendVerificationEmail({ email: newAddress() });

  assert.equal(error.code, "EMAIL_MISMATCH");
});

test("changeEmail takes effect when the link at the new address is opened", async () => {
  const { browser, client, email } = await member(server);
  const newEmail = newAddress();
  const callbackURL = `${browser.origin}/moved`;

  const { data } = await client.changeEmail({ newEmail, callbackURL });
  assert.equal(data.status, true);
  assert.equal((await client.getSession()).data.user.email, email);

  const { link } = await server.mailbox.next(newEmail);
  assert.deepEqual(await browser.open(link), { status: 302, location: callbackURL });
  assert.equal((await client.getSession()).data.user.email, newEmail);
  const { client: later } = somebody(server);
  assert.equal((await later.signIn.email({ email: newEmail, password: PASSWORD })).error, null);
});

test("changeEmail to the same address is refused without a code", async () => {
  const { client, email } = await member(server);

  const { error } = await client.changeEmail({ newEmail: email });

  assert.deepEqual(error, { status: 400, statusText: "Bad Request", message: "Email is the same" });
});
