// W3C Trace Context: correlates the logs and spans of the services for one request.

import { randomHex } from "./random";

/** Returns a `traceparent` header that starts a sampled trace (W3C Trace Context §3.2). */
export function traceparent(): string {
  return `00-${randomHex(16)}-${randomHex(8)}-01`;
}
