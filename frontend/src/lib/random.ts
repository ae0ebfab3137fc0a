// Random identifiers.

/**
 * Returns random bytes in hexadecimal. `randomUUID` is only available with https or on localhost.
 */
export function randomHex(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
