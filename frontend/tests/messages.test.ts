// The message catalogs.

import { expect, test } from "vitest";
import { preferredLanguage } from "../src/lib/i18n";
import { de } from "../src/lib/messages/de";
import { en } from "../src/lib/messages/en";

/** Returns all messages with their paths. Functions are called with typical arguments. */
function texts(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string") return [[path, value]];
  if (typeof value === "function") return [[path, String(value("1", "all", false))]];
  return Object.entries(value as object).flatMap(([key, item]) => texts(item, `${path}.${key}`));
}

test("every message has a German translation that differs from the English one", () => {
  const german = new Map(texts(de));
  const same = texts(en).filter(([path, text]) => german.get(path) === text);
  expect([...german.keys()]).toEqual(texts(en).map(([path]) => path));
  // Words that are the same in both languages.
  expect(same.map(([, text]) => text).sort()).toEqual(["Esc", "Filter", "Name"]);
});

test("plurals follow the number", () => {
  expect(en.tasks.count(1, "open", false)).toBe("1 open task");
  expect(en.tasks.count(2, "all", true)).toBe("2 tasks found");
  expect(de.tasks.count(1, "done", false)).toBe("1 erledigte Aufgabe");
  expect(de.tasks.count(0, "all", true)).toBe("0 Aufgaben gefunden");
  expect([en.wait(1), en.wait(2)]).toEqual(["Try again in 1 second.", "Try again in 2 seconds."]);
});

test("the browser's first supported language is used", () => {
  expect(preferredLanguage(["fr-FR", "de-AT", "en"])).toBe("de");
  expect(preferredLanguage(["fr"])).toBe("en");
  expect(preferredLanguage([])).toBe("en");
});
