// The words that the tables of exchanges are written in.
//
// A row is `[name, request]` or `[name, request, keep]`. What depends on earlier answers is a
// function of `kept`, the answers kept so far.

export { FRONT_END } from "../support/server.mjs";

export const TRUSTED = "http://localhost:3000";
export const FOREIGN = "http://evil.example";
export const PASSWORD = "correct horse 42";

const BASE = "/api/auth";
const JSON_TYPE = "application/json";

/** Applies `change` to a text that may depend on what was kept. */
const mapped = (text, change) =>
  typeof text === "function" ? (kept) => change(text(kept)) : change(text);

/**
 * Anything at all. `as` sends the cookies of a kept session from a trusted origin, `bearer` its
 * token; `type` is the media type of the body; `headers` win over both.
 */
export const send = (method, path, extras) => ({ method, path, ...extras });

export const get = (path, extras) => send("GET", mapped(path, (path) => BASE + path), extras);

export const post = (path, body, extras) =>
  send("POST", mapped(path, (path) => BASE + path), { body, type: JSON_TYPE, ...extras });

/** A request sent again until its answer is the one that is waited for. */
export const poll = (request, until) => ({ ...request, until });

/** The next mail to somebody. */
export const mailTo = (address) => ({ mailTo: address });

/** The mails that no row has asked for so far. */
export const otherMails = () => ({ unread: true });

/** Follows the link of a kept mail. */
export const follow = (mail, extras) =>
  send("GET", (kept) => kept[mail].link.slice(TRUSTED.length), extras);

/** The token in the link of a kept mail. */
export const tokenOf = (mail) => (kept) => kept[mail].token;

export const account = (email, more) => ({ name: "Ada", email, password: PASSWORD, ...more });

export const signUp = (email, more, extras) => post("/sign-up/email", account(email, more), extras);

export const signIn = (email, more, extras) =>
  post("/sign-in/email", { email, password: PASSWORD, ...more }, extras);
