// The sessions and accounts of a user.

import { get, post, signIn, signUp } from "../vocabulary.mjs";

const SAM = "sam@example.com";
const EVE = "eve@example.com";
const revoke = (token, extras) => post("/revoke-session", (kept) => ({ token: token(kept) }), extras);

export const sessions = [
  ["Sam has a session", signUp(SAM), "sam"],
  ["Sam has a second one", signIn(SAM), "sam2"],
  ["Sam has a third one", signIn(SAM), "sam3"],
  ["Eve has a session", signUp(EVE), "eve"],

  ["list-sessions needs a session", get("/list-sessions")],
  ["list-sessions of Eve lists hers", get("/list-sessions", { as: "eve" })],
  ["list-sessions takes a bearer", get("/list-sessions", { bearer: "eve" })],
  ["list-sessions of Sam lists three", get("/list-sessions", { as: "sam" })],
  ["list-accounts needs a session", get("/list-accounts")],
  ["list-accounts lists the password", get("/list-accounts", { as: "sam" })],

  ["revoke-session needs a session", post("/revoke-session", { token: "x" })],
  ["revoke-session without a body", post("/revoke-session", undefined, { as: "sam" })],
  ["revoke-session without a token", post("/revoke-session", {}, { as: "sam" })],
  ["revoke-session with a number", post("/revoke-session", { token: 1 }, { as: "sam" })],
  ["revoke-session is judged before the session", post("/revoke-session", {})],
  ["revoke-session of an unknown token is fine", post("/revoke-session", { token: "unknown" }, { as: "sam" })],
  ["revoke-session of an empty token is fine", post("/revoke-session", { token: "" }, { as: "sam" })],
  ["revoke-session of somebody else's is fine", revoke(({ eve }) => eve.token, { as: "sam" })],
  ["but does nothing", get("/get-session", { as: "eve" })],
  ["revoke-session of a signed token is of an unknown one", post("/revoke-session", (kept) => ({ token: decodeURIComponent(kept.sam2.cookie.split("=")[1]) }), { as: "sam" })],
  ["so it does nothing either", get("/get-session", { as: "sam2" })],
  ["revoke-session ends another session", revoke(({ sam2 }) => sam2.token, { as: "sam" })],
  ["at once", get("/get-session", { as: "sam2" })],
  ["revoke-session ends one's own", revoke(({ sam3 }) => sam3.token, { as: "sam3" })],
  ["at once too", get("/get-session", { as: "sam3" })],
  ["two are gone from the list", get("/list-sessions", { as: "sam" })],

  ["revoke-other-sessions needs a session", post("/revoke-other-sessions", {})],
  ["Sam comes back", signIn(SAM), "sam4"],
  ["revoke-other-sessions ends the others", post("/revoke-other-sessions", {}, { as: "sam" })],
  ["revoke-other-sessions takes no body either", post("/revoke-other-sessions", undefined, { as: "sam" })],
  ["the other session is gone", get("/get-session", { as: "sam4" })],
  ["this one is not", get("/get-session", { as: "sam" })],
  ["nor is Eve's", get("/get-session", { as: "eve" })],
  ["revoke-other-sessions ignores what is in a body", post("/revoke-other-sessions", [1], { as: "sam" })],
  ["revoke-other-sessions minds broken JSON", post("/revoke-other-sessions", "{", { as: "sam" })],

  ["revoke-sessions needs a session", post("/revoke-sessions", {})],
  ["Sam comes back again", signIn(SAM), "sam5"],
  ["revoke-sessions ends all", post("/revoke-sessions", {}, { as: "sam" })],
  ["the caller's too", get("/get-session", { as: "sam" })],
  ["and the others", get("/get-session", { as: "sam5" })],
  ["Eve has noticed nothing", get("/get-session", { as: "eve" })],
  ["revoke-sessions takes no body", post("/revoke-sessions", undefined, { as: "eve" })],
];
