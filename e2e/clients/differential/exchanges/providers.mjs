// Better Auth's endpoints for social providers and for additional session fields, neither of which
// is configured.

import { get, post, signUp } from "../vocabulary.mjs";

const PIA = { as: "pia" };
const NO_ACCOUNT = { accountId: "none" };

export const providers = [
  ["Pia signs up", signUp("pia@example.com"), "pia"],

  ["update-session needs a session", post("/update-session", { a: 1 })],
  ["update-session without a body", post("/update-session", undefined, PIA)],
  ["update-session with nothing", post("/update-session", {}, PIA)],
  ["update-session with an array", post("/update-session", [], PIA)],
  ["update-session with null", post("/update-session", "null", PIA)],
  ["update-session with a field that nobody knows", post("/update-session", { theme: "dark" }, PIA)],
  ["update-session is a POST", get("/update-session", PIA)],
  ["update-session by others", post("/update-session", {}, { ...PIA, headers: { origin: "http://evil.example" } })],
  ["update-session with a field of the session", post("/update-session", { expiresAt: "2030-01-01T00:00:00.000Z" }, PIA)],

  ["unlink-account needs a session", post("/unlink-account", NO_ACCOUNT)],
  ["unlink-account without a body", post("/unlink-account", undefined, PIA)],
  ["unlink-account with nothing", post("/unlink-account", {}, PIA)],
  ["unlink-account with a number", post("/unlink-account", { accountId: 1 }, PIA)],
  ["unlink-account of the last account", post("/unlink-account", NO_ACCOUNT, PIA)],
  ["unlink-account is a POST", get("/unlink-account", PIA)],

  ["link-social needs a session", post("/link-social", { provider: "github" })],
  ["link-social without a body", post("/link-social", undefined, PIA)],
  ["link-social with nothing", post("/link-social", {}, PIA)],
  ["link-social with a number", post("/link-social", { provider: 1 }, PIA)],
  ["link-social to a provider that is not there", post("/link-social", { provider: "github" }, PIA)],
  ["link-social to one that nobody knows", post("/link-social", { provider: "nobody" }, PIA)],
  ["link-social to a foreign page", post("/link-social", { provider: "github", callbackURL: "http://evil.example" }, PIA)],

  ["refresh-token needs a session", post("/refresh-token", NO_ACCOUNT)],
  ["refresh-token without a body", post("/refresh-token", undefined, PIA)],
  ["refresh-token with nothing", post("/refresh-token", {}, PIA)],
  ["refresh-token with a number", post("/refresh-token", { accountId: 1 }, PIA)],
  ["refresh-token with a provider", post("/refresh-token", { providerId: "github" }, PIA)],
  ["refresh-token of no account", post("/refresh-token", NO_ACCOUNT, PIA)],
  ["refresh-token with one member more", post("/refresh-token", { ...NO_ACCOUNT, x: 1 }, PIA)],
  ["refresh-token for a user", post("/refresh-token", { ...NO_ACCOUNT, userId: "x" }, PIA)],
  ["refresh-token by cookie", post("/refresh-token", { useAccountCookie: true }, PIA)],

  ["get-access-token needs a session", post("/get-access-token", NO_ACCOUNT)],
  ["get-access-token with nothing", post("/get-access-token", {}, PIA)],
  ["get-access-token of no account", post("/get-access-token", NO_ACCOUNT, PIA)],

  ["account-info needs a session", get("/account-info?accountId=none")],
  ["account-info without a query", get("/account-info", PIA)],
  ["account-info of no account", get("/account-info?accountId=none", PIA)],
  ["account-info with one parameter more", get("/account-info?accountId=none&x=1", PIA)],
  ["account-info with two ids", get("/account-info?accountId=a&accountId=b", PIA)],
  ["account-info is a GET", post("/account-info", NO_ACCOUNT, PIA)],

  ["a callback without a state", get("/callback/github")],
  ["a callback with a code only", get("/callback/github?code=x")],
  ["a callback with an error", get("/callback/github?error=access_denied&error_description=No")],
  ["a callback with an unknown state", get("/callback/github?code=x&state=y")],
  ["a callback with two codes", get("/callback/github?code=x&code=y")],
  ["a callback of nobody", get("/callback/nobody?state=y")],
  ["a callback by POST", post("/callback/github", { code: "x", state: "y" })],
  ["a callback by POST without a body", post("/callback/github", undefined)],
  ["a callback with a path", get("/callback/github/x")],

  ["sign-in with two targets in the query", post("/sign-in/email?callbackURL=/a&callbackURL=/b", { email: "pia@example.com", password: "correct horse 42" })],
  ["sign-out with two targets in the query", post("/sign-out?callbackURL=/a&callbackURL=/b", {})],
  ["verify-email with two targets", get("/verify-email?token=x&callbackURL=/a&callbackURL=/b")],
  ["a reset link with two targets", get("/reset-password/x?callbackURL=/a&callbackURL=/b")],
  ["an error page with a description", get("/error?error=x&error_description=%3Cb%3ENo%3C/b%3E%20%26%20more")],
  ["an error page with a description only", get("/error?error_description=No")],
  ["an empty session_data cookie", get("/get-session", { headers: { cookie: "better-auth.session_data=" } })],
];
