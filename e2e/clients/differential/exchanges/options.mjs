// Exchanges with settings other than the defaults.

import { PASSWORD, TRUSTED, follow, get, mailTo, otherMails, poll, post, signIn, signUp } from "../vocabulary.mjs";

const encoded = encodeURIComponent;
const jsonOf = ({ text }) => JSON.parse(text);
const setsCookie = ({ headers }) => headers["set-cookie"] !== undefined;
const kidOf = (jwt) => JSON.parse(Buffer.from(jwt.split(".")[0], "base64url")).kid;

export const verificationRequired = [
  ["sign-up has no session as long as the address is not verified", signUp("vera@example.com", { callbackURL: "/in" })],
  ["but a mail", mailTo("vera@example.com"), "vera"],
  ["a taken address cannot be told from a free one", signUp("Vera@example.com", { name: "Probe", image: "p.png" })],
  ["sign-in with a wrong password of an unverified user", signIn("vera@example.com", { password: "wrong password" })],
  ["sign-in of an unverified user", signIn("vera@example.com", { callbackURL: "/in" })],
  ["a reset of the password does not verify", post("/request-password-reset", { email: "vera@example.com" })],
  ["it is mailed", mailTo("vera@example.com"), "reset"],
  ["and done", post("/reset-password", (kept) => ({ newPassword: PASSWORD, token: kept.reset.token }))],
  ["sign-in is refused as before", signIn("vera@example.com")],
  ["a link newer than the reset is asked for", post("/send-verification-email", { email: "vera@example.com", callbackURL: "/in" })],
  ["it is mailed too", mailTo("vera@example.com"), "newer"],
  ["the link does not sign in", follow("newer")],
  ["but now sign-in works", signIn("vera@example.com"), "verified"],
  ["the user is verified", get("/get-session", { as: "verified" })],
  ["a taken verified address cannot be told either", signUp("vera@example.com")],
  ["no mail was sent for those", post("/request-password-reset", { email: "vera@example.com" })],
  ["the last mail", mailTo("vera@example.com")],
  ["is the only one", otherMails()],
];

export const signInAfterVerification = [
  ["sign-up sends a mail if told so", signUp("val@example.com", { callbackURL: "/in?a=1" }), "val"],
  ["the mail is there", mailTo("val@example.com"), "mail"],
  ["a browser that opens the link is signed in", follow("mail")],
  ["a second time it is not", follow("mail")],
  ["another signs up", signUp("vic@example.com"), "vic"],
  ["and has a mail", mailTo("vic@example.com"), "mail2"],
  ["in the same session the cookie is sent again", get((kept) => `/verify-email?token=${kept.mail2.token}`, { as: "vic" })],
  ["a third signs up", signUp("vin@example.com"), "vin"],
  ["and has a mail likewise", mailTo("vin@example.com"), "mail3"],
  ["in another's session the browser changes hands", follow("mail3", { as: "vic" })],
  ["reset on this server is asked for", post("/request-password-reset", { email: "val@example.com" })],
  ["reset on this server is mailed", mailTo("val@example.com"), "reset"],
  ["reset on this server ends all sessions", post("/reset-password", (kept) => ({ newPassword: PASSWORD, token: kept.reset.token }), { as: "val" })],
  ["so the session is gone", get("/get-session", { as: "val" })],
];

export const confirmations = [
  ["Con signs up", signUp("con@example.com"), "con"],
  ["an unverified user need not confirm a change of address", post("/change-email", { newEmail: "con2@example.com" }, { as: "con" })],
  ["the new address has the link at once", mailTo("con2@example.com"), "direct"],
  ["which is opened", follow("direct", { as: "con" })],
  ["Con wants to be verified", post("/send-verification-email", { email: "con2@example.com" }, { as: "con" })],
  ["Con has the mail", mailTo("con2@example.com"), "verification"],
  ["Con is verified", follow("verification")],
  ["a verified user changes the address", post("/change-email", { newEmail: "Con3@example.com", callbackURL: "/moved" }, { as: "con" })],
  ["the old address is asked first", mailTo("con2@example.com"), "confirmation"],
  ["another's session cannot confirm", signUp("other@example.com"), "other"],
  ["it is told so", follow("confirmation", { as: "other" })],
  ["the confirmation is opened", follow("confirmation")],
  ["then the new address has the link", mailTo("con3@example.com"), "last"],
  ["the confirmation may be opened again", get((kept) => `/verify-email?token=${kept.confirmation.token}`)],
  ["with another mail", mailTo("con3@example.com"), "last2"],
  ["the address is as it was", get("/get-session", { as: "con" })],
  ["the link changes it", follow("last", { as: "con" })],
  ["the user is still verified", get("/get-session", { as: "con" })],
  ["the confirmation is void now", follow("confirmation")],
  ["change to a taken address asks nobody", post("/change-email", { newEmail: "other@example.com" }, { as: "con" })],

  ["delete-user asks by mail", post("/delete-user", { callbackURL: "/bye" }, { as: "con" })],
  ["the mail has come", mailTo("con3@example.com"), "deletion"],
  ["delete-user with a wrong password asks nobody", post("/delete-user", { password: "wrong password" }, { as: "con" })],
  ["delete-user with the right password asks as well", post("/delete-user", { password: PASSWORD }, { as: "con" })],
  ["with a mail", mailTo("con3@example.com"), "deletion2"],
  ["nobody is deleted so far", get("/get-session", { as: "con" })],
  ["the link needs a session", follow("deletion")],
  ["the link needs this user's session", follow("deletion", { as: "other" })],
  ["then the link deletes", follow("deletion2", { as: "con" })],
  ["the user is gone", signIn("con3@example.com")],
  ["the other asks too", post("/delete-user", {}, { as: "other" })],
  ["the other has a mail", mailTo("other@example.com"), "deletion3"],
  ["the token in a body deletes too", post("/delete-user", (kept) => ({ token: kept.deletion3.token }), { as: "other" })],
  ["Dan signs up", signUp("dan@example.com"), "dan"],
  ["Dan asks to be deleted", post("/delete-user", {}, { as: "dan" })],
  ["Dan has a mail", mailTo("dan@example.com"), "deletion4"],
  ["without a target the answer is a body", get((kept) => `/delete-user/callback?token=${kept.deletion4.token}`, { as: "dan" })],
  ["Eli signs up", signUp("eli@example.com"), "eli"],
  ["Fay signs up", signUp("fay@example.com"), "fay"],
  ["Eli asks to be deleted", post("/delete-user", {}, { as: "eli" })],
  ["Eli has a mail", mailTo("eli@example.com"), "deletion5"],
  ["Fay opens it first", follow("deletion5", { as: "fay" })],
  ["whether Eli can still use it", follow("deletion5", { as: "eli" })],
  ["no other mail has come", otherMails()],
];

export const changeWithoutVerification = [
  ["Kim signs up", signUp("kim@example.com"), "kim"],
  ["Kim has a second session", signIn("kim@example.com"), "kim2"],
  ["a change to the same address is none", post("/change-email", { newEmail: "KIM@example.com" }, { as: "kim" })],
  ["an unverified address is changed at once", post("/change-email", { newEmail: "Kim2@example.com", callbackURL: "/in" }, { as: "kim" })],
  ["the changed address shows", get("/get-session", { as: "kim2" })],
  ["the new address can be verified", mailTo("kim2@example.com"), "verification"],
  ["and is", follow("verification")],
  ["a verified address is not changed at once", post("/change-email", { newEmail: "kim3@example.com" }, { as: "kim" })],
  ["but by mail", mailTo("kim3@example.com"), "change"],
  ["the verified address shows", get("/get-session", { as: "kim" })],
];

export const switchedOff = [
  ["Off signs up", signUp("off@example.com"), "off"],
  ["change-email is off", post("/change-email", { newEmail: "x@example.com" }, { as: "off" })],
  ["to the same address too", post("/change-email", { newEmail: "off@example.com" }, { as: "off" })],
  ["the schema comes before the switch", post("/change-email", {}, { as: "off" })],
  ["the session comes before the switch", post("/change-email", { newEmail: "x@example.com" })],
  ["delete-user is off", post("/delete-user", {}, { as: "off" })],
  ["whatever the password", post("/delete-user", { password: "wrong password" }, { as: "off" })],
  ["the session comes before this switch too", post("/delete-user", {})],
  ["as does the schema", post("/delete-user", { password: 1 }, { as: "off" })],
  ["its callback is off", get("/delete-user/callback?token=x", { as: "off" })],
  ["without a session too", get("/delete-user/callback?token=x")],
];

export const nothingOn = [
  ["sign-up is off", signUp("off@example.com")],
  ["a malformed body comes before this switch", post("/sign-up/email", {})],
  ["sign-in is not", signIn("off@example.com")],
  ["the reset of passwords is off", post("/request-password-reset", { email: "off@example.com" })],
  ["a malformed address comes before that switch", post("/request-password-reset", { email: "x" })],
  ["a link for it is void", get("/reset-password/unknown?callbackURL=/reset")],
  ["and so is its token", post("/reset-password", { newPassword: PASSWORD, token: "unknown" })],
  ["the verification of addresses is off", post("/send-verification-email", { email: "off@example.com" })],
  ["a malformed address comes before it", post("/send-verification-email", { email: "x" })],
];

export const noVerification = [
  ["Nov signs up where no address is verified", signUp("nov@example.com"), "nov"],
  ["there is no verification to be sent", post("/send-verification-email", { email: "nov@example.com" }, { as: "nov" })],
  ["so the address cannot be changed", post("/change-email", { newEmail: "nov2@example.com" }, { as: "nov" })],
  ["to the same address says that it is the same", post("/change-email", { newEmail: "nov@example.com" }, { as: "nov" })],
  ["a token for a verification is none", get("/verify-email?token=unknown")],
];

export const mailAtSignIn = [
  ["Sid signs up", signUp("sid@example.com")],
  ["and has a first mail", mailTo("sid@example.com")],
  ["sign-in is refused with a mail", signIn("sid@example.com", { callbackURL: "/in?a=1" })],
  ["with a link to where it led", mailTo("sid@example.com"), "sid"],
  ["sign-in with a wrong password sends none", signIn("sid@example.com", { password: "wrong password" })],
  ["the link is good", follow("sid")],
  ["after that sign-in works", signIn("sid@example.com")],
  ["there was no other mail", otherMails()],
];

export const secureOverHttp = [
  ["cookies are secure over http if told so", signUp("sec@example.com"), "sec"],
  ["and read", get("/get-session", { as: "sec" })],
];

const BAD = { email: "nobody@example.com", password: "wrong password" };
const many = (count, name, request) =>
  Array.from({ length: count }, (_, index) => [`${name} (${index + 1})`, request]);

export const rateLimited = [
  ...many(4, "sign-in three times in ten seconds", post("/sign-in/email", BAD)),
  ["the limit comes before the body", post("/sign-in/email", "{")],
  ["the limit does not depend on the method", get("/sign-in/email")],
  ["the limit does not depend on the query", post("/sign-in/email?x=1", BAD)],
  ["the limit does not depend on the origin", post("/sign-in/email", BAD, { headers: { cookie: "a=b" } })],
  ["another path has a limit of its own", post("/sign-in/social", {})],
  ...many(4, "sign-up three times in ten seconds", post("/sign-up/email", {})),
  ...many(4, "change-password three times in ten seconds", post("/change-password", {})),
  ...many(4, "change-email three times in ten seconds", post("/change-email", {})),
  ...many(4, "a reset three times in a minute", post("/request-password-reset", {})),
  ...many(4, "a verification three times in a minute", post("/send-verification-email", {})),
  ...many(4, "an unknown path below sign-in is limited", post("/sign-in/nonsense", {})),
  ["everything else has a wide limit", get("/ok")],
  ["get-session too", get("/get-session")],
  ["delete-user is not among the narrow ones", post("/delete-user", {})],
  ...many(101, "an unknown path a hundred times in ten seconds", get("/nonsense")),
];

/** Query string that prevents the refresh of a session, because servers differ in its timing. */
const STILL = "?disableRefresh=1";

export const extendedByEachUse = [
  ["somebody whose session is extended by each use", signUp("each@example.com"), "each"],
  ["the first use extends it", get("/get-session", { as: "each" })],
  ["the next one does, too", get("/get-session", { as: "each" })],
  ["also at /token", get("/token", { as: "each" })],
  ["unless that is suppressed", get("/get-session?disableRefresh=1", { as: "each" })],
];

export const shortAges = [
  ["an old forgetful session", signUp("old@example.com", { rememberMe: false }), "forgetful"],
  ["an old session", signIn("old@example.com"), "old"],
  ["a session that is no longer fresh may not", poll(get(`/list-sessions${STILL}`, { as: "old" }), ({ status }) => status === 403)],
  ["it may not delete the user", post(`/delete-user${STILL}`, {}, { as: "old" })],
  ["not with an empty password either", post(`/delete-user${STILL}`, { password: "" }, { as: "old" })],
  ["it may do everything else", get(`/list-accounts${STILL}`, { as: "old" })],
  ["a refresh can be suppressed by any text", get("/get-session?disableRefresh=false", { as: "old" })],
  ["but not by none", poll(get("/get-session?disableRefresh=", { as: "old" }), setsCookie)],
  ["a forgetful session is not refreshed", get("/get-session", { as: "forgetful" })],
  ["nor by a protected endpoint", get("/list-accounts", { as: "forgetful" })],
  ["a session is refreshed a while later again", poll(get("/get-session", { as: "old" }), setsCookie)],
  ["by a protected endpoint too", poll(get("/list-accounts", { as: "old" }), setsCookie)],
  ["and by /token", poll(get("/token", { as: "old" }), setsCookie)],
  ["by a bearer", poll(get("/get-session", { bearer: "old" }), setsCookie)],
  ["even when the answer is an error", poll(post("/verify-password", { password: "wrong password" }, { as: "old" }), setsCookie)],
  ["also when the session is no longer fresh", poll(get("/list-sessions", { as: "old" }), setsCookie)],
  ["update-user sends the cookie once, due or not", post("/update-user", { name: "Old" }, { as: "old" })],
  ["delete-user with a password minds no age", post(`/delete-user${STILL}`, { password: PASSWORD }, { as: "old" })],
];

export const noFreshness = [
  ["where no session ages", signUp("ageless@example.com"), "ageless"],
  ["sessions may be listed", get("/list-sessions", { as: "ageless" })],
  ["and users deleted", post("/delete-user", {}, { as: "ageless" })],
];

export const shortLife = [
  ["a short session", signUp("brief@example.com"), "brief"],
  ["a short session without remembering", signIn("brief@example.com", { rememberMe: false }), "day"],
  ["another short session", signIn("brief@example.com"), "brief2"],
  ["an expired session clears the cookies", poll(get("/get-session", { as: "brief" }), ({ text }) => text === "null")],
  ["an expired session is refused", poll(get("/token", { as: "brief2" }), ({ status }) => status === 401)],
  ["the session of a day is not over", get("/get-session", { as: "day" })],
  ["the expired ones are not listed", get("/list-sessions", { as: "day" })],
];

export const rotation = [
  ["a key is made for the first token", get("/jwks")],
  ["Roy signs up", signUp("roy@example.com"), "roy"],
  ["Roy has a token", get("/token", { as: "roy" }), "first"],
  ["a later token has a new key", poll(get("/token", { as: "roy" }), (answer, kept) => kidOf(jsonOf(answer).token) !== kidOf(kept.first.token))],
  ["both keys are published", get("/jwks")],
];

export const bearerRequiresSignature = [
  ["Ben signs up", signUp("ben@example.com"), "ben"],
  ["a bare token is no bearer", get("/get-session", { bearer: "ben" })],
  ["nor at /token", get("/token", { bearer: "ben" })],
  ["a signed one is", get("/get-session", { headers: (kept) => ({ authorization: `Bearer ${kept.ben.cookie.split("=")[1]}` }) })],
];

const SITE = "https://auth.example.com";
const site = { headers: { origin: SITE } };

export const secure = [
  ["over https cookies are secure", signUp("sue@example.com", {}, site), "sue"],
  ["over https the marker is too", signIn("sue@example.com", { rememberMe: false }, site)],
  ["the secure cookie is read", get("/get-session", { as: "sue" })],
  ["the plain one is not", get("/get-session", { headers: (kept) => ({ cookie: kept.sue.cookie.replace("__Secure-", "") }) })],
  ["the token names the site", get("/token", { as: "sue" })],
  ["the listener's own origin is foreign", signIn("sue@example.com", {}, { headers: { origin: TRUSTED, cookie: "a=b" } })],
  ["a reset over https", post("/request-password-reset", { email: "sue@example.com", redirectTo: "/reset" })],
  ["is mailed with the site's address", mailTo("sue@example.com")],
  ["a relative target becomes one of the site", get("/reset-password/unknown?callbackURL=/reset")],
  ["without a target it is the site's error page", get("/reset-password/unknown?callbackURL=")],
  ["a target on the site is fine", get(`/verify-email?token=x&callbackURL=${encoded(`${SITE}/in`)}`)],
  ["in production the error page is the front end's", get("/error?error=INVALID_TOKEN")],
  ["with a description too", get("/error?error=CODE&error_description=something%20happened")],
  ["and without a code", get("/error")],
  ["sign-out clears the secure cookies", post("/sign-out", {}, { headers: (kept) => ({ ...site.headers, cookie: kept.sue.cookie }) })],
];

const from = (forwarded) => signIn("pam@example.com", {}, { headers: { "x-forwarded-for": forwarded } });

export const proxied = [
  ["Pam signs up", signUp("pam@example.com"), "pam"],
  ...[
    "203.0.113.7",
    "2001:db8:1:2:3:4:5:6",
    "2001:DB8::1",
    "::ffff:203.0.113.8",
    "nonsense",
    "203.0.113.7:80",
    " 203.0.113.9 ",
  ].flatMap((address, index) => [
    [`Pam comes from ${address}`, from(address), `pam${index}`],
    [`which makes her address of ${address}`, get("/get-session", { as: `pam${index}` })],
  ]),
];

const pageOf = (origin) => signIn("nobody@example.com", {}, { headers: { origin } });
const leadingTo = (redirectTo) =>
  post("/request-password-reset", { email: "nobody@example.com", redirectTo });

export const trustedByPattern = [
  ...[
    "https://app.example.com",
    "https://a.b.example.com",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://example.com",
    "https://evil-example.com",
    "https://app.example.com.evil.example",
    "https://app.example.org",
    "http://app.example.org",
    "http://app.example.org:8443",
    "https://evilexample.org",
    "http://10.0.0.7:3000",
    "http://10.0.0.evil.example:3000",
    "http://11.0.0.7:3000",
    "https://evil.example/.example.com",
    "null",
  ].map((origin) => [`a page of ${origin} signs in`, pageOf(origin)]),
  ...[
    "https://app.example.com/home?a=b#c",
    "https://app.example.com:8443/",
    "https://APP.example.com/",
    "https://evil-example.com/",
    "https://evil.example/.example.com",
    "https://evil.example#.example.com",
    "https://app.example.com@evil.example/",
    "https://evil.example\\@app.example.com/",
    "http://app.example.org/",
    "app.example.org",
  ].map((target) => [`a link may lead to ${target}`, leadingTo(target)]),
];
