// Shows how jose treats a token with a given name of the signature algorithm.
//
//     echo "$TOKEN" | node algorithms.mjs <jwks url> <alg of the token>
//
// Prints whether jose accepts the token by default, only if the algorithm is allowed explicitly, or
// never.

import { text } from "node:stream/consumers";

import { createRemoteJWKSet, jwtVerify } from "jose";

const [jwksUrl, name] = process.argv.slice(2);
const token = (await text(process.stdin)).trim();
const keys = createRemoteJWKSet(new URL(jwksUrl));

async function accepts(options) {
  try {
    await jwtVerify(token, keys, options);
    return true;
  } catch {
    return false;
  }
}

const isAllowed = async () => accepts({ algorithms: [name] });
const outcome = (await accepts({})) ? "yes" : (await isAllowed()) ? `if \`${name}\` is allowed` : "no";
console.log(`jose: ${outcome}`);
