// A user's own name, image, password and account.

import assert from "node:assert/strict";
import { test } from "node:test";

import { NEW_PASSWORD, PASSWORD, elsewhere, member, serve, somebody } from "./people.mjs";

const server = serve();

test("updateUser changes the name and returns only a status", async () => {
  const { client } = await member(server);

  assert.deepEqual(await client.updateUser({ name: "Ada B." }), { data: { status: true }, error: null });

  assert.equal((await client.getSession()).data.user.name, "Ada B.");
});

test("updateUser sets and removes the image", async () => {
  const { client } = await member(server);
  const image = "https://example.com/ada.png";

  await client.updateUser({ image });
  assert.equal((await client.getSession()).data.user.image, image);

  await client.updateUser({ image: null });
  assert.equal((await client.getSession()).data.user.image, null);
});

test("a change by updateUser is visible in the other browser", async () => {
  const ada = await member(server);
  const other = await elsewhere(server, ada);

  await ada.client.updateUser({ name: "Ada B." });

  assert.equal((await other.client.getSession()).data.user.name, "Ada B.");
});

test("updateUser cannot change the address", async () => {
  const { client, email } = await member(server);

  const { error } = await client.updateUser({ email: "other@example.com" });

  assert.equal(error.code, "EMAIL_CAN_NOT_BE_UPDATED");
  assert.equal((await client.getSession()).data.user.email, email);
});

test("updateUser without a session is refused", async () => {
  const { client } = somebody(server);

  assert.equal((await client.updateUser({ name: "Ada" })).error.status, 401);
});

test("changePassword changes it and keeps all sessions", async () => {
  const ada = await member(server);
  const other = await elsewhere(server, ada);
  const passwords = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };

  const { data, error } = await ada.client.changePassword(passwords);

  assert.equal(error, null);
  assert.equal(data.token, null);
  assert.deepEqual(data.user, ada.user);
  assert.notEqual((await other.client.getSession()).data, null);
  const { client } = somebody(server);
  const { email } = ada;
  assert.equal((await client.signIn.email({ email, password: PASSWORD })).error.status, 401);
  assert.equal((await client.signIn.email({ email, password: NEW_PASSWORD })).error, null);
});

test("changePassword with revokeOtherSessions leaves only this browser signed in", async () => {
  const ada = await member(server);
  const other = await elsewhere(server, ada);
  const passwords = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };

  const { data } = await ada.client.changePassword({ ...passwords, revokeOtherSessions: true });

  assert.notEqual(data.token, ada.token);
  assert.equal((await ada.client.getSession()).data.session.token, data.token);
  assert.equal((await other.client.getSession()).data, null);
});

test("changePassword with a wrong password is refused", async () => {
  const { client } = await member(server);
  const passwords = { currentPassword: "wrong password", newPassword: NEW_PASSWORD };

  const { error } = await client.changePassword(passwords);

  assert.equal(error.status, 400);
  assert.equal(error.code, "INVALID_PASSWORD");
});

test("verifyPassword accepts the right password", async () => {
  const { client } = await member(server);

  assert.equal((await client.verifyPassword({ password: PASSWORD })).data.status, true);
  const { error } = await client.verifyPassword({ password: "wrong password" });
  assert.equal(error.code, "INVALID_PASSWORD");
});

test("listAccounts lists the password", async () => {
  const { client, user } = await member(server);

  const { data } = await client.listAccounts();

  assert.equal(data.length, 1);
  const [{ id, createdAt, updatedAt, ...account }] = data;
  assert.equal(typeof id, "string");
  assert.ok(createdAt instanceof Date && updatedAt instanceof Date);
  assert.deepEqual(account, {
    providerId: "credential",
    accountId: user.id,
    userId: user.id,
    scopes: [],
  });
});

test("deleteUser deletes the user, whose address is free again", async () => {
  const { client, email } = await member(server);

  const { data } = await client.deleteUser();

  assert.deepEqual(data, { success: true, message: "User deleted" });
  assert.equal((await client.getSession()).data, null);
  const again = await client.signUp.email({ name: "Ada", email, password: PASSWORD });
  assert.equal(again.error, null);
});

test("deleteUser takes the password", async () => {
  const { client } = await member(server);

  assert.equal((await client.deleteUser({ password: PASSWORD })).data.success, true);
});

test("deleteUser with a wrong password deletes nobody", async () => {
  const { client } = await member(server);

  const { error } = await client.deleteUser({ password: "wrong password" });

  assert.equal(error.code, "INVALID_PASSWORD");
  assert.notEqual((await client.getSession()).data, null);
});
