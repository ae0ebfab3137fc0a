// The React client in a simulated document: the values that useSession returns to a component.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Window } from "happy-dom";

import { PASSWORD, member, serve, somebody } from "./people.mjs";

// React and the client need a document when they are loaded.
const page = new Window({ url: "http://localhost:5173/" });
const globals = { window: page, document: page.document, navigator: page.navigator };
for (const [name, value] of Object.entries(globals)) {
  Object.defineProperty(globalThis, name, { value });
}
const { createAuthClient } = await import("better-auth/react");
const { createElement } = await import("react");
const { createRoot } = await import("react-dom/client");

const PATIENCE = 10_000;
const NOBODY = { data: null, error: null, isPending: false };
const server = serve();
const withReact = { create: createAuthClient };

/** Renders a component that calls `client.useSession`, and unmounts it after the test. */
function show(context, client) {
  const given = [];
  let look = () => {};
  function Greeting() {
    const { data, error, isPending } = client.useSession();
    given.push({ data, error, isPending });
    queueMicrotask(() => look());
    return data?.user.name ?? "nobody";
  }
  const element = document.createElement("div");
  const root = createRoot(element);
  root.render(createElement(Greeting));
  context.after(() => root.unmount());
  return {
    /** All values that useSession has returned so far. */
    given,
    text: () => element.textContent,
    /** Waits for a value of useSession that meets a condition. */
    until: (isWanted) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          reject(new Error(`it was given ${JSON.stringify(given)}`));
        }, PATIENCE);
        look = () => {
          const latest = given.at(-1);
          if (latest === undefined || !isWanted(latest)) return;
          clearTimeout(late);
          resolve(latest);
        };
        look();
      }),
  };
}

const isNobody = ({ data, isPending }) => data === null && !isPending;
const isSomebody = ({ data }) => data !== null;

test("a component is pending, and then shows that nobody is signed in", async (context) => {
  const { client } = somebody(server, withReact);
  const component = show(context, client);

  assert.deepEqual(await component.until(isNobody), NOBODY);

  assert.deepEqual(component.given[0], { data: null, error: null, isPending: true });
  assert.equal(component.text(), "nobody");
});

test("a component shows sign-ins and sign-outs", async (context) => {
  const { email } = await member(server);
  const { client } = somebody(server, withReact);
  const component = show(context, client);
  await component.until(isNobody);

  await client.signIn.email({ email, password: PASSWORD });
  const { data } = await component.until(isSomebody);
  assert.equal(data.user.email, email);
  assert.ok(data.session.expiresAt instanceof Date);
  assert.equal(component.text(), "Ada");

  await client.signOut();
  assert.deepEqual(await component.until(isNobody), NOBODY);
  assert.equal(component.text(), "nobody");
});

test("a component shows the signed-in user when the page is loaded", async (context) => {
  const ada = await member(server, withReact);

  const component = show(context, ada.client);

  const { data } = await component.until(isSomebody);
  assert.deepEqual(data.user, ada.user);
});

test("a component shows a new name", async (context) => {
  const ada = await member(server, withReact);
  const component = show(context, ada.client);
  await component.until(isSomebody);

  await ada.client.updateUser({ name: "Ada B." });

  await component.until(({ data }) => data?.user.name === "Ada B.");
});

test("sign-in with a callbackURL leads the page there", async () => {
  const { email } = await member(server);
  const { client } = somebody(server, withReact);

  await client.signIn.email({ email, password: PASSWORD, callbackURL: "/dashboard" });

  assert.equal(page.location.pathname, "/dashboard");
});
