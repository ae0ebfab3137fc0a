// W3C Trace Context: what services do for one request can be found together.

/** Begins a trace that is to be recorded (W3C Trace Context §3.2). */
export function traceparent(): string {
  return `00-${randomHex(16)}-${randomHex(8)}-01`;
}

function randomHex(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
