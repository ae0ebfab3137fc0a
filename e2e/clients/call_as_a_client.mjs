// Creates a task as an OAuth client. Reads the client's id and secret from standard input.

import { text } from "node:stream/consumers";

import * as oauth from "openid-client";

const [authUrl, tasksUrl] = process.argv.slice(2);
const [clientId, clientSecret] = (await text(process.stdin)).split(/\s+/);

// With https, leave out `execute`.
const config = await oauth.discovery(
  new URL(authUrl),
  clientId,
  undefined,
  oauth.ClientSecretBasic(clientSecret),
  { algorithm: "oauth2", execute: [oauth.allowInsecureRequests] },
);
const { access_token: token } = await oauth.clientCredentialsGrant(config, {
  scope: "tasks:read tasks:write",
});
const response = await fetch(new URL("/api/tasks", tasksUrl), {
  method: "POST",
  headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
  body: JSON.stringify({ title: "Check the backups" }),
});
if (!response.ok) throw new Error(`the task API responded with ${response.status}`);
console.log(await response.text());
