// Functions for writing the rows of exchange tables.
//
// A row is `[name, request]` or `[name, request, keep]`, where `keep` is the name under which the
// response is stored. A value that depends on earlier responses is a function of `kept`, the stored
// responses.

export { FRONT_END } from "../support/server.mjs";

export const TRUSTED = "http://localhost:3000";
export const FOREIGN = "http://evil.example";
export const PASSWORD = "correct horse 42";

const BASE = "/api/auth";
const JSON_TYPE = "application/json";

/** Applies `change` to a string, or to the string that a function of `kept` will return. */
const mapped = (text, change) =>
  typeof text === "function" ? (kept) => change(text(kept)) : change(text);

/**
 * Returns a request. `as` sends the cookies of a stored session from a trusted origin, `bearer`
 * sends its token, and `type` is the media type of the body. `headers` override the headers that
 * result from other options.
 */
export const send = (method, path, extras) => ({ method, path, ...extras });

export const get = (path, extras) => send("GET", mapped(path, (path) => BASE + path), extras);

export const post = (path, body, extras) =>
  send("POST", mapped(path, (path) => BASE + path), { body, type: JSON_TYPE, ...extras });

/** Returns a request that is repeated until its response meets a condition. */
export const poll = (request, until) => ({ ...request, until });

/** Returns a request that waits for the next e-mail to an address. */
export const mailTo = (address) => ({ mailTo: address });

/** Returns a request whose result is all e-mails that no other row has fetched. */
export const otherMails = () => ({ unread: true });

/** Returns a request that opens the link in a stored e-mail. */
export const follow = (mail, extras) =>
  send("GET", (kept) => kept[mail].link.slice(TRUSTED.length), extras);

/** Returns a function that reads the token from the link of a stored e-mail. */
export const tokenOf = (mail) => (kept) => kept[mail].token;

export const account = (email, more) => ({ name: "Ada", email, password: PASSWORD, ...more });

export const signUp = (email, more, extras) => post("/sign-up/email", account(email, more), extras);

export const signIn = (email, more, extras) =>
  post("/sign-in/email", { email, password: PASSWORD, ...more }, extras);
