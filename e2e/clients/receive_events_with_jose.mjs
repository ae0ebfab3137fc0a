// Prints the security events of a feed. Reads the secret from standard input.
import { text } from "node:stream/consumers";

import { createRemoteJWKSet, jwtVerify } from "jose";

const [feed, jwksUrl, issuer, audience] = process.argv.slice(2);
const secret = (await text(process.stdin)).trim();
const keys = createRemoteJWKSet(new URL(jwksUrl));

let page = { cursor: undefined, moreAvailable: true };
while (page.moreAvailable) {
  const response = await fetch(feed, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    // Without returnImmediately, a request waits for new events.
    body: JSON.stringify({ cursor: page.cursor, returnImmediately: true }),
  });
  if (!response.ok) throw new Error(`the feed responded with ${response.status}`);
  page = await response.json();
  for (const token of Object.values(page.sets)) {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ["EdDSA"],
      typ: "secevent+jwt",
      issuer,
      audience,
    });
    console.log(JSON.stringify({ events: payload.events, subject: payload.sub_id }));
  }
}
