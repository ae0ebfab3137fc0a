// The session store of the vanilla client: its state, and when it fetches the session.

import assert from "node:assert/strict";
import { test } from "node:test";

import { NEW_PASSWORD, PASSWORD, elsewhere, member, newAddress, serve, somebody } from "./people.mjs";

const PATIENCE = 10_000;
const server = serve();

/** Waits until the store is idle and its state meets a condition. Returns the state. */
function shown(store, isWanted) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      reject(new Error(`the store shows ${JSON.stringify(store.get())}`));
    }, PATIENCE);
    const stop = store.subscribe((state) => {
      if (state.isPending || state.isRefetching || !isWanted(state)) return;
      clearTimeout(late);
      // `subscribe` calls this function at once, when `stop` is not assigned yet, so `stop` is
      // called later.
      queueMicrotask(() => stop());
      resolve(state);
    });
  });
}

const isNobody = ({ data }) => data === null;
const isSomebody = ({ data }) => data !== null;

/**
 * Returns a client's session store, and stays subscribed to it during the test. Outside a browser,
 * the store fetches the session only on demand.
 */
function storeOf(context, { client }) {
  context.after(client.useSession.subscribe(() => {}));
  return client.useSession;
}

/** Returns a signed-in user's session store after it has fetched the session. */
async function storeOfMember(context, person) {
  const store = storeOf(context, person);
  store.get().refetch();
  await shown(store, isSomebody);
  return store;
}

test("the store is pending before its first request", (context) => {
  const person = somebody(server);

  const { data, error, isPending } = storeOf(context, person).get();

  assert.deepEqual({ data, error, isPending }, { data: null, error: null, isPending: true });
});

test("the store shows the user after sign-up", async (context) => {
  const person = somebody(server);
  const store = storeOf(context, person);
  const email = newAddress();

  await person.client.signUp.email({ name: "Ada", email, password: PASSWORD });

  const { data, error } = await shown(store, isSomebody);
  assert.equal(error, null);
  assert.equal(data.user.email, email);
  assert.ok(data.session.expiresAt instanceof Date);
});

test("the store shows the user after sign-in, and nobody after sign-out", async (context) => {
  const { email } = await member(server);
  const person = somebody(server);
  const store = storeOf(context, person);

  await person.client.signIn.email({ email, password: PASSWORD });
  assert.equal((await shown(store, isSomebody)).data.user.email, email);

  await person.client.signOut();
  assert.equal((await shown(store, isNobody)).error, null);
});

test("the store shows a new name", async (context) => {
  const ada = await member(server);
  const store = await storeOfMember(context, ada);

  await ada.client.updateUser({ name: "Ada B." });

  await shown(store, ({ data }) => data?.user.name === "Ada B.");
});

test("the store shows the new session after a change of password", async (context) => {
  const ada = await member(server);
  const store = await storeOfMember(context, ada);

  const { data } = await ada.client.changePassword({
    currentPassword: PASSWORD,
    newPassword: NEW_PASSWORD,
    revokeOtherSessions: true,
  });

  await shown(store, (state) => state.data?.session.token === data.token);
});

test("the store shows nobody after the user is deleted", async (context) => {
  const ada = await member(server);
  const store = await storeOfMember(context, ada);

  await ada.client.deleteUser();

  await shown(store, isNobody);
});

test("a session that was revoked elsewhere is null at the next fetch", async (context) => {
  const ada = await member(server);
  const other = await elsewhere(server, ada);
  const store = await storeOfMember(context, ada);

  await other.client.revokeOtherSessions();
  store.get().refetch();

  await shown(store, isNobody);
});
