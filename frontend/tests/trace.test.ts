// The `traceparent` header that starts a trace.

import { describe, expect, test } from "vitest";
import { traceparent } from "../src/lib/trace";

describe("a trace", () => {
  test("begins with a header that every service can read", () => {
    expect(traceparent()).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });

  test("is different each time", () => {
    const [one, other] = [traceparent(), traceparent()].map((header) => header.split("-"));
    expect(one?.[1]).not.toBe(other?.[1]);
    expect(one?.[2]).not.toBe(other?.[2]);
  });
});
