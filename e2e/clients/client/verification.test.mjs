// Sign-in that requires a verified address.

import assert from "node:assert/strict";
import { test } from "node:test";

import { PASSWORD, newAddress, serve, somebody } from "./people.mjs";

const server = serve({
  REQUIRE_EMAIL_VERIFICATION: "on",
  AUTO_SIGN_IN_AFTER_VERIFICATION: "on",
});

test("sign-up gives no session, and sign-in waits for the verification", async () => {
  const { browser, client } = somebody(server);
  const email = newAddress();
  const callbackURL = `${browser.origin}/welcome`;

  const { data } = await client.signUp.email({ name: "Ada", email, password: PASSWORD, callbackURL });
  assert.equal(data.token, null);
  assert.equal((await client.getSession()).data, null);
  const { error } = await client.signIn.email({ email, password: PASSWORD });
  assert.equal(error.status, 403);
  assert.equal(error.code, "EMAIL_NOT_VERIFIED");

  const { link } = await server.mailbox.next(email);
  assert.deepEqual(await browser.open(link), { status: 302, location: callbackURL });
  assert.equal((await client.getSession()).data.user.emailVerified, true);
});

test("sign-up cannot tell whether an address is taken", async () => {
  const { client } = somebody(server);
  const person = { name: "Ada", email: newAddress(), password: PASSWORD };
  const { data: first } = await client.signUp.email(person);

  const { data: second, error } = await client.signUp.email(person);

  assert.equal(error, null);
  assert.equal(second.token, null);
  assert.notEqual(second.user.id, first.user.id);
});
