// Checks of passwords and e-mail addresses, names of devices, and notices.

import { expect, test, vi } from "vitest";
import { emailMistake, passwordMistake } from "../src/features/auth/model/mistakes";
import { deviceName } from "../src/features/settings/model/device";
import { Notices } from "../src/lib/notices";

test("passwords have the length that the server requires", () => {
  expect(passwordMistake("")).toBe("Choose a password.");
  expect(passwordMistake("1234567")).toContain("at least 8");
  expect(passwordMistake("12345678")).toBeUndefined();
  expect(passwordMistake("😀😀😀😀")).toBeUndefined();
  expect(passwordMistake("x".repeat(128))).toBeUndefined();
  expect(passwordMistake("x".repeat(129))).toContain("at most 128");
});

test("addresses are checked for obvious mistakes", () => {
  for (const email of ["", "ada", "ada@", "ada@nowhere", "a b@example.com"]) {
    expect(emailMistake(email), email).toBeDefined();
  }
  expect(emailMistake("ada@example.com")).toBeUndefined();
});

test.each([
  [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
    "Chrome on Linux",
  ],
  ["Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"],
  ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/18.0 Safari/605.1", "Safari on Mac"],
  ["Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox on Android"],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Mobile Safari/604.1", "Safari on iPhone"],
  ["curl/8.5.0", "curl"],
  ["", "Unknown device"],
])("%s is %s", (userAgent, name) => {
  expect(deviceName(userAgent)).toBe(name);
});

test("a notice runs one callback for its action and another on expiry", () => {
  const notices = new Notices();
  const [run, onGone] = [vi.fn(), vi.fn()];
  const offer = { kind: "info", text: "Deleted.", action: { label: "Undo", run }, onGone } as const;
  notices.show(offer);
  notices.show(offer);
  const [first, second] = notices.list();
  if (!first || !second) throw new Error("there are two notices");

  notices.act(first);
  expect([run.mock.calls.length, onGone.mock.calls.length]).toEqual([1, 0]);
  notices.close(second);
  notices.close(second);
  expect([run.mock.calls.length, onGone.mock.calls.length]).toEqual([1, 1]);
  expect(notices.list()).toEqual([]);
});

test("the same problem is shown once", () => {
  const notices = new Notices();
  for (let i = 0; i < 3; i += 1) notices.show({ kind: "problem", text: "Away." });
  expect(notices.list()).toHaveLength(1);
});
