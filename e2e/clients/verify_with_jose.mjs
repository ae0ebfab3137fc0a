// Verifies a token with jose, as a Node back end does.
//
//     echo "$TOKEN" | node verify_with_jose.mjs <jwks url> <issuer> <audience>
//
// Prints the claims as JSON; exits with an error if the token is invalid.

import { text } from "node:stream/consumers";

import { createRemoteJWKSet, jwtVerify } from "jose";

const [jwksUrl, issuer, audience] = process.argv.slice(2);
const token = (await text(process.stdin)).trim();

const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(jwksUrl)), {
  algorithms: ["EdDSA"],
  issuer,
  audience,
  requiredClaims: ["exp", "sub"],
});
console.log(JSON.stringify(payload));
