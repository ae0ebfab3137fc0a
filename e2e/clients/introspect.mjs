// Prints the state of an access token. Reads the secret and the token from standard input, one per line.
import { text } from "node:stream/consumers";

const [url, audience] = process.argv.slice(2);
const [secret, token] = (await text(process.stdin)).split("\n");

const response = await fetch(url, {
  method: "POST",
  headers: { authorization: `Bearer ${secret}` },
  body: new URLSearchParams({ token }),
});
if (!response.ok) throw new Error(`the introspection endpoint responded with ${response.status}`);
const state = await response.json();
if (!state.active || state.aud !== audience) throw new Error("invalid token");
console.log(JSON.stringify(state));
