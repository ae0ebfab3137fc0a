// The token store: one token for all waiting callers, in all tabs.

import { describe, expect, test } from "vitest";
import { OtherSession, subjectOf, type Tabs, TokenStore } from "../src/features/auth/api/token";

let serial = 0;

/** Returns an unsigned token for a user. */
function tokenFor(sub: string): string {
  serial += 1;
  const encode = (value: object) => btoa(JSON.stringify(value)).replaceAll("=", "");
  return `${encode({ alg: "EdDSA" })}.${encode({ sub, jti: serial })}.signature`;
}

interface World {
  store: TokenStore;
  told: string[];
  asked: () => number;
  /** Responds to the store's pending request. */
  answer: (token?: string) => void;
  fail: (error: Error) => void;
}

function world(heard?: string): World {
  const told: string[] = [];
  const waiting: { resolve(token: string): void; reject(error: Error): void }[] = [];
  let asked = 0;
  const tabs: Tabs = {
    exclusively: (run) => run(),
    ask: async () => heard,
    tell: (token) => told.push(token),
  };
  const store = new TokenStore(() => {
    asked += 1;
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  }, tabs);
  store.own("ada");
  return {
    store,
    told,
    asked: () => asked,
    answer: (token = tokenFor("ada")) => waiting.shift()?.resolve(token),
    fail: (error) => waiting.shift()?.reject(error),
  };
}

const settle = () => new Promise((resolve) => setTimeout(resolve));

describe("a token", () => {
  test("is requested once, when it is needed, and kept", async () => {
    const { store, asked, answer } = world();
    expect(asked()).toBe(0);
    const both = Promise.all([store.get(), store.get()]);
    await settle();
    answer();
    const [one, other] = await both;
    expect(one).toBe(other);
    expect(await store.get()).toBe(one);
    expect(asked()).toBe(1);
  });

  test("that was refused is replaced once for all who were refused", async () => {
    const { store, asked, answer } = world();
    const first = store.get();
    await settle();
    answer();
    const old = await first;

    const renewals = Promise.all([store.renew(old), store.renew(old), store.renew(old)]);
    await settle();
    answer();
    const [fresh, ...others] = await renewals;
    expect(fresh).not.toBe(old);
    expect(others).toEqual([fresh, fresh]);
    expect(await store.renew(old)).toBe(fresh);
    expect(asked()).toBe(2);
  });

  test("that another tab has is used", async () => {
    const theirs = tokenFor("ada");
    const { store, asked, told } = world(theirs);
    expect(await store.get()).toBe(theirs);
    expect(asked()).toBe(0);
    expect(told).toEqual([]);
  });

  test("that was refused is not taken from another tab again", async () => {
    const theirs = tokenFor("ada");
    const { store, asked, answer, told } = world(theirs);
    const renewal = store.renew(theirs);
    await settle();
    answer();
    expect(await renewal).not.toBe(theirs);
    expect(asked()).toBe(1);
    expect(told).toEqual([await store.get()]);
  });

  test("of somebody else is never used", async () => {
    const { store, answer } = world(tokenFor("bob"));
    const token = store.get();
    await settle();
    answer(tokenFor("bob"));
    await expect(token).rejects.toBeInstanceOf(OtherSession);
    expect(store.current).toBeUndefined();
    store.accept(tokenFor("bob"));
    expect(store.current).toBeUndefined();
  });

  test("is dropped when its owner signs out, even if it was in flight", async () => {
    const { store, answer } = world();
    const late = store.get();
    await settle();
    store.own(undefined);
    answer();
    await expect(late).rejects.toBeInstanceOf(OtherSession);
    expect(store.current).toBeUndefined();
  });

  test("that could not be fetched is requested again the next time", async () => {
    const { store, asked, answer, fail } = world();
    const failed = store.get();
    await settle();
    fail(new Error("away"));
    await expect(failed).rejects.toThrow("away");
    const next = store.get();
    await settle();
    answer();
    await next;
    expect(asked()).toBe(2);
  });
});

test("a malformed token has no subject", () => {
  expect(subjectOf(tokenFor("ada"))).toBe("ada");
  for (const text of ["", "a.b.c", "no token", `${btoa("{}")}.${btoa("{}")}.x`]) {
    expect(subjectOf(text)).toBeUndefined();
  }
});
