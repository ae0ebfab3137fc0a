// Creates a task as an OAuth client that authenticates with an Ed25519 key.

import { readFile } from "node:fs/promises";

import { importPKCS8 } from "jose";
import * as oauth from "openid-client";

const [authUrl, tasksUrl, clientId, keyFile] = process.argv.slice(2);
const key = await importPKCS8(await readFile(keyFile, "utf8"), "EdDSA");

// With https, leave out `execute`.
const config = await oauth.discovery(
  new URL(authUrl),
  clientId,
  undefined,
  oauth.PrivateKeyJwt(key),
  { algorithm: "oauth2", execute: [oauth.allowInsecureRequests] },
);
const { access_token: token } = await oauth.clientCredentialsGrant(config);
const response = await fetch(new URL("/api/tasks", tasksUrl), {
  method: "POST",
  headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
  body: JSON.stringify({ title: "Check the backups" }),
});
if (!response.ok) throw new Error(`the task API responded with ${response.status}`);
console.log(await response.text());
