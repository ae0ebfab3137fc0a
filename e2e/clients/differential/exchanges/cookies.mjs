// The session cookie in all its states, and bearer tokens as its replacement.

import { createHmac } from "node:crypto";

import { SECRET } from "../../support/server.mjs";
import { TRUSTED, get, post, signIn, signUp } from "../vocabulary.mjs";

const NAME = "better-auth.session_token";
const COOKIES = "cookies@example.com";

const sign = (text) => `${text}.${createHmac("sha256", SECRET).update(text).digest("base64")}`;
const escaped = (text) => encodeURIComponent(text);
const signed = ({ carl }) => sign(carl.token);

const who = (cookie) =>
  get("/get-session", {
    headers: (kept) => ({ cookie: typeof cookie === "function" ? cookie(kept) : cookie }),
  });
const bearer = (value, more = {}) =>
  get("/get-session", {
    headers: (kept) => ({ authorization: typeof value === "function" ? value(kept) : value, ...more }),
  });

export const cookies = [
  ["somebody signs up to look at cookies", signUp(COOKIES), "carl"],
  ["and signs in elsewhere", signIn(COOKIES), "other"],
  ["and out again", post("/sign-out", {}, { as: "other" })],

  // Cookies
  ["an escaped cookie is good", who((kept) => `${NAME}=${escaped(signed(kept))}`)],
  ["an unescaped cookie is good", who((kept) => `${NAME}=${signed(kept)}`)],
  ["a quoted cookie is good", who((kept) => `${NAME}="${signed(kept)}"`)],
  ["a cookie among others is good", who((kept) => `a=b; ${NAME}=${signed(kept)}; c=d`)],
  ["a cookie without blanks between is good", who((kept) => `a=b;${NAME}=${signed(kept)};c=d`)],
  ["of two cookies of the name the first counts", who((kept) => `${NAME}=${signed(kept)}; ${NAME}=x`)],
  ["even if it is the bad one", who((kept) => `${NAME}=x; ${NAME}=${signed(kept)}`)],
  ["a bare token is no session", who(({ carl }) => `${NAME}=${carl.token}`)],
  ["a wrong signature is no session", who(({ carl }) => `${NAME}=${carl.token}.${"A".repeat(43)}=`)],
  ["a cut signature is no session", who((kept) => `${NAME}=${signed(kept).slice(0, -2)}`)],
  ["a foreign signature is no session", who(({ carl }) => `${NAME}=${sign("x").replace("x", carl.token)}`)],
  ["an empty cookie is no session", who(`${NAME}=`)],
  ["a broken escape is no session", who(`${NAME}=%E0%A4%A`)],
  ["a cookie of another name is no session", who((kept) => `session_token=${signed(kept)}`)],
  ["over http the secure name is not read", who((kept) => `__Secure-${NAME}=${signed(kept)}`)],
  ["a well signed unknown token clears the cookies", who(`${NAME}=${sign("unknown")}`)],
  ["a signed-out session clears the cookies", get("/get-session", { as: "other" })],
  ["a signed-out session clears them at /token too", get("/token", { as: "other" })],
  ["and at a POST", post("/update-user", { name: "x" }, { as: "other" })],
  ["and at change-password", post("/change-password", { currentPassword: "x", newPassword: "long enough" }, { as: "other" })],
  ["and at revoke-sessions", post("/revoke-sessions", {}, { as: "other" })],
  ["and at list-accounts", get("/list-accounts", { as: "other" })],
  ["a bad signature clears nothing at /token", get("/token", { headers: { cookie: `${NAME}=x.y` } })],
  ["a left-over session_data cookie is cleared", who((kept) => `${NAME}=${signed(kept)}; better-auth.session_data=x`)],
  ["also without a session", who("better-auth.session_data=x")],
  ["also in pieces", who("better-auth.session_data.0=x; better-auth.session_data.1=y")],
  ["and at /token", get("/token", { headers: (kept) => ({ cookie: `${NAME}=${signed(kept)}; better-auth.session_data=x` }) })],
  ["a marker that is not signed is no marker", post("/update-user", { name: "Carl" }, { headers: (kept) => ({ origin: TRUSTED, cookie: `${NAME}=${signed(kept)}; better-auth.dont_remember=true` }) })],
  ["a signed marker keeps the cookie short", post("/update-user", { name: "Carl" }, { headers: (kept) => ({ origin: TRUSTED, cookie: `${NAME}=${signed(kept)}; better-auth.dont_remember=${escaped(sign("true"))}` }) })],

  // Bearer tokens
  ["a bare token is a bearer", bearer(({ carl }) => `Bearer ${carl.token}`)],
  ["a signed token is a bearer", bearer((kept) => `Bearer ${signed(kept)}`)],
  ["an escaped signed token is a bearer", bearer((kept) => `Bearer ${escaped(signed(kept))}`)],
  ["the scheme may be in small letters", bearer(({ carl }) => `bearer ${carl.token}`)],
  ["the scheme may be in capitals", bearer(({ carl }) => `BEARER ${carl.token}`)],
  ["blanks around a bearer do not matter", bearer(({ carl }) => `Bearer   ${carl.token}  `)],
  ["a tab is no blank", bearer(({ carl }) => `Bearer\t${carl.token}`)],
  ["another scheme is nobody", bearer(({ carl }) => `Token ${carl.token}`)],
  ["a bearer without a scheme is nobody", bearer(({ carl }) => carl.token)],
  ["an empty bearer is nobody", bearer("Bearer ")],
  ["an unknown bearer clears the cookies", bearer("Bearer unknown")],
  ["a wrongly signed bearer is nobody", bearer(({ carl }) => `Bearer ${carl.token}.${"A".repeat(43)}=`)],
  ["an unknown bearer is refused at /token", get("/token", { headers: { authorization: "Bearer unknown" } })],
  ["a wrongly signed bearer is refused at /token", get("/token", { headers: { authorization: "Bearer a.b" } })],
  ["a bearer counts before a cookie", get("/get-session", { as: "carl", headers: { authorization: "Bearer unknown" } })],
  ["a wrongly signed one does not", get("/get-session", { as: "carl", headers: { authorization: "Bearer a.b" } })],
  ["a bearer works beside a bad cookie", get("/get-session", { bearer: "carl", headers: { cookie: `${NAME}=x`, origin: TRUSTED } })],
  ["a bearer can do a POST", post("/update-user", { name: "Carl" }, { bearer: "carl" })],
  ["a forgetful session", signIn(COOKIES, { rememberMe: false }), "forgetful"],
  ["is extended for a bearer", get("/get-session", { bearer: "forgetful" })],
  ["a bearer can sign out", signIn(COOKIES), "leaving"],
  ["with the cookies cleared", post("/sign-out", {}, { bearer: "leaving" })],
  ["and is then unknown", get("/get-session", { bearer: "leaving" })],
  ["a JWT is fetched", get("/token", { as: "carl" }), "jwt"],
  ["a JWT is no session", get("/get-session", { bearer: "jwt" })],
  ["a JWT opens nothing", get("/token", { bearer: "jwt" })],
];
