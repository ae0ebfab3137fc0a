// Sharing tokens between tabs without locks.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BrowserTabs } from "../src/features/auth/api/tabs";
import { Channel } from "./channel";

beforeEach(() => {
  Channel.all = [];
  vi.stubGlobal("BroadcastChannel", Channel);
  vi.stubGlobal("navigator", {});
  vi.useFakeTimers();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function tab(token?: string) {
  const accepted: string[] = [];
  const tabs = new BrowserTabs();
  tabs.listen({ current: token, accept: (offered) => accepted.push(offered) });
  return { tabs, accepted };
}

test("a tab that has a token gives it to one that asks", async () => {
  tab("a token");
  const { tabs } = tab();
  expect(await tabs.ask()).toBe("a token");
});

test("a new token reaches every tab", () => {
  const others = [tab(), tab("an old one")];
  tab().tabs.tell("a new one");
  expect(others.map(({ accepted }) => accepted)).toEqual([["a new one"], ["a new one"]]);
});

test("waiting for suspended tabs, or tabs without a token, is limited", async () => {
  tab();
  const answer = tab().tabs.ask();
  await vi.advanceTimersByTimeAsync(200);
  expect(await answer).toBeUndefined();
});
