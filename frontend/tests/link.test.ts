// The cursor in a `Link` header.

import { expect, test } from "vitest";
import { nextCursor } from "../src/lib/link";

test("the cursor of the next page is found", () => {
  expect(nextCursor('</api/tasks?limit=100&cursor=abc_-9>; rel="next"')).toBe("abc_-9");
  expect(nextCursor("<https://tasks.example.com/api/tasks?cursor=a>; rel=next")).toBe("a");
  expect(nextCursor('</x?cursor=a%3D%3D>; title="a, b"; rel="last next"')).toBe("a==");
});

test("among several links, the one to the next page is used", () => {
  const header = '</api/tasks?cursor=1>; rel="prev", </api/tasks?cursor=2>; rel="next"';
  expect(nextCursor(header)).toBe("2");
});

test("the last page has no link to a next one", () => {
  for (const header of [
    null,
    "",
    '</api/tasks?cursor=1>; rel="prev"',
    '</api/tasks>; rel="next"',
  ]) {
    expect(nextCursor(header)).toBeUndefined();
  }
  expect(nextCursor('</api/tasks?cursor=1>; rel="nextish"')).toBeUndefined();
});
