// Sign-up, sign-in, sign-out, and the current session.

import { PASSWORD, TRUSTED, account, get, post, signIn, signUp } from "../vocabulary.mjs";

const ADA = "ada@example.com";
const units = (count) => "x".repeat(count);

export const accounts = [
  // Sign-up
  ["a new account has a session", signUp(ADA), "ada"],
  ["a taken address is refused", signUp(ADA)],
  ["a taken address in capitals is refused", signUp("ADA@Example.com")],
  ["an address is stored in small letters", signUp("Grace@Example.COM")],
  ["an image may be given", signUp("image@example.com", { image: "http://localhost:3000/a.png" })],
  ["an image may be any text", signUp("image2@example.com", { image: "" })],
  ["a name may be empty", signUp("nameless@example.com", { name: "" })],
  ["a name may be long", signUp("long@example.com", { name: units(2000) })],
  ["a name keeps its blanks", signUp("blanks@example.com", { name: " Ada  B " })],
  ["a name may have any letters", signUp("letters@example.com", { name: "Ḁda \u{1F469}\u200D\u{1F680}" })],
  ["an address is not trimmed", signUp(" trim@example.com")],
  ["a password of 7 units is too short", signUp("short@example.com", { password: units(7) })],
  ["a password of 8 units will do", signUp("eight@example.com", { password: units(8) })],
  ["a password of four emoji will do", signUp("emoji@example.com", { password: "\u{1F600}".repeat(4) })],
  ["a password of three emoji is too short", signUp("emoji3@example.com", { password: "\u{1F600}".repeat(3) })],
  ["a password of 128 units will do", signUp("full@example.com", { password: units(128) })],
  ["a password of 129 units is too long", signUp("over@example.com", { password: units(129) })],
  ["a password of 65 emoji is too long", signUp("emoji65@example.com", { password: "\u{1F600}".repeat(65) })],
  ["a short password is found before a taken address", signUp(ADA, { password: "short" })],
  ["a client cannot verify its own address", signUp("sly@example.com", { emailVerified: true, id: "mine", createdAt: "2020-01-01T00:00:00.000Z", role: "admin" })],
  ["who does not want to be remembered has a cookie of the browser's session", signUp("forget@example.com", { rememberMe: false }), "forgetful"],
  ["who wants to be remembered has one for a week", signUp("remember@example.com", { rememberMe: true })],
  ["sign-up with callbackURL goes nowhere", signUp("callback@example.com", { callbackURL: "/welcome" })],
  ["sign-up while signed in starts another session", signUp("second@example.com", {}, { as: "ada" }), "second"],
  ["the first session is not disturbed", get("/get-session", { as: "ada" })],

  // Sign-in
  ["the right password starts a session", signIn(ADA), "again"],
  ["an address in capitals is the same", signIn("ADA@EXAMPLE.COM")],
  ["a wrong password is refused", signIn(ADA, { password: "wrong password" })],
  ["an unknown address is refused likewise", signIn("unknown@example.com")],
  ["an empty password is wrong", signIn(ADA, { password: "" })],
  ["a short password is wrong", signIn(ADA, { password: "x" })],
  ["a password of 128 units is wrong", signIn(ADA, { password: units(128) })],
  ["a password of 129 units is refused as such", signIn(ADA, { password: units(129) })],
  ["also for an unknown address", signIn("unknown@example.com", { password: units(129) })],
  ["a malformed address has a code of its own", signIn("nonsense")],
  ["an empty address likewise", signIn("")],
  ["a malformed address is found before a long password", signIn("nonsense", { password: units(129) })],
  ["capitals matter in passwords", signIn(ADA, { password: PASSWORD.toUpperCase() })],
  ["a password is not trimmed", signIn(ADA, { password: `${PASSWORD} ` })],
  ["passwords are compared in Unicode's compatible form", signUp("unicode@example.com", { password: "\u212Bngstr\u00F6m 1" })],
  ["so another way to write it will do", signIn("unicode@example.com", { password: "A\u030Angstro\u0308m 1" })],
  ["callbackURL leads on", signIn(ADA, { callbackURL: "/dashboard" })],
  ["callbackURL may be absolute", signIn(ADA, { callbackURL: `${TRUSTED}/dashboard?x=1` })],
  ["an empty callbackURL leads nowhere", signIn(ADA, { callbackURL: "" })],
  ["rememberMe false sets the marker", signIn(ADA, { rememberMe: false }), "shortlived"],
  ["a later sign-in that remembers clears the marker", signIn(ADA, {}, { as: "shortlived" })],
  ["a sign-in does not look at an earlier session", signIn(ADA, {}, { as: "again" })],

  // Current session
  ["get-session says who is there", get("/get-session", { as: "ada" })],
  ["get-session of nobody is null", get("/get-session")],
  ["get-session of the forgetful", get("/get-session", { as: "forgetful" })],
  ["get-session takes no POST", post("/get-session", {})],
  ["not even with a session", post("/get-session", {}, { as: "ada" })],
  ["get-session does not mind the body of a POST", post("/get-session", "{", { type: "text/plain" })],
  ["get-session takes its options", get("/get-session?disableCookieCache=true&disableRefresh=true", { as: "ada" })],
  ["get-session takes a repeated option", get("/get-session?disableRefresh=1&disableRefresh=2", { as: "ada" })],
  ["the browser is remembered", signIn(ADA, {}, { headers: { "user-agent": "Mozilla/5.0 (example)" } }), "browser"],
  ["and shown", get("/get-session", { as: "browser" })],

  // Sign-out
  ["sign-out ends the session", post("/sign-out", {}, { as: "again" })],
  ["which is then unknown", get("/get-session", { as: "again" })],
  ["and cannot be used", get("/list-sessions", { as: "again" })],
  ["sign-out without a session is fine", post("/sign-out", {})],
  ["sign-out without a body is fine", post("/sign-out", undefined, { as: "browser" })],
  ["sign-out twice is fine", post("/sign-out", {}, { as: "browser" })],
  ["sign-out with an array", post("/sign-out", [], { as: "ada" })],
  ["sign-out with null", post("/sign-out", "null", { as: "ada" })],
  ["sign-out with a text", post("/sign-out", '"x"', { as: "ada" })],
  ["sign-out with members of wrong types", post("/sign-out", { disableRedirect: 1, state: 2 }, { as: "ada" })],
  ["the other sessions go on", get("/get-session", { as: "ada" })],
];
