// Allowed differences from Better Auth, and why they do not affect users.
//
// `at` names the differing parts of a response: `status`, `body`, or a path into headers and body.
// `when` restricts an entry to certain values. An entry without `exchanges` applies to every exchange.
// An entry that matches no difference is an error.

const contains = (theirs = [], ours = []) => theirs.every((name) => ours.includes(name));

export const ALLOWED = [
  // All responses
  {
    at: [
      "headers.access-control-allow-credentials",
      "headers.access-control-allow-origin",
      "headers.vary",
    ],
    reason: "CORS for a web app on another origin is built in; Better Auth leaves it to the application",
  },
  {
    at: "headers.access-control-expose-headers",
    when: contains,
    reason: "such a web app may read the headers that Better Auth exposes, and more",
  },
  {
    at: "headers.x-request-id",
    reason: "every response can be found in the log",
  },
  {
    at: ["headers.cache-control", "headers.x-content-type-options"],
    reason: "no proxy stores a user's data, and no browser guesses the media type",
  },
  {
    at: "headers.retry-after",
    reason: "the standard header in addition to x-retry-after, with the same value",
  },
  {
    at: [
      "body.token.claims.jti",
      "body.token.claims.sid",
      "headers.set-auth-jwt.claims.jti",
      "headers.set-auth-jwt.claims.sid",
    ],
    reason: "a token has an id and names its session, so that it can be revoked",
  },

  // Individual exchanges
  {
    exchanges: [
      "the keys can be read before the first token",
      "the keys do not change",
      "the keys do not depend on who asks",
      "a key is made for the first token",
      "both keys are published",
    ],
    at: "headers.etag",
    reason: "keys may be cached for a while, so that verifiers need not fetch them each time",
  },
  {
    exchanges: [
      "in production the error page is the front end's",
      "with a description too",
      "and without a code",
    ],
    at: "headers.content-type",
    reason: "an empty redirect has the media type of all other redirects",
  },
  {
    exchanges: ["HEAD is not routed"],
    at: ["status", "headers"],
    reason: "HEAD is supported wherever GET is (RFC 9110 §9.1); monitors and link checkers send it",
  },
  {
    exchanges: ["an escaped path is another path"],
    at: ["status", "headers.content-type", "body"],
    reason: "escaped and unescaped paths are equivalent (RFC 3986 §6.2.2.2); no client escapes letters",
  },
  {
    exchanges: ["a path of an origin does not matter", "an origin in capitals is the same"],
    at: ["status", "body"],
    reason: "no browser sends such an origin; origins are compared exactly",
  },
  {
    exchanges: [
      "update-user with null for a name",
      "update-user with a number for a name",
      "update-user with an object for a name",
      "update-user with a number for an image",
    ],
    at: ["status", "headers", "body"],
    reason: "a value of the wrong type returns 400; Better Auth returns 500, or stores it as a string",
  },
  {
    exchanges: [
      `sign-up takes the address ${"a".repeat(80)}@example.com`,
      "sign-up takes the address a@1-.example-.com",
    ],
    at: ["status", "headers", "body"],
    reason: "no mail reaches such an address (RFC 5321 §4.5.3.1.1, RFC 1123 §2.1), so its account could not be recovered",
  },
  {
    exchanges: ["whether Eli can still use it"],
    at: ["status", "headers", "body"],
    reason: "another user cannot invalidate the link that deletes an account",
  },
  {
    exchanges: [
      "the error page names the code",
      "the error page without a code",
      "the error page does not echo anything",
      "the error page takes an apostrophe",
      "the error page takes a description",
      "an error page with a description",
      "an error page with a description only",
    ],
    at: "headers.content-security-policy",
    reason: "a page on the origin of the session cookie runs no script",
  },
  {
    exchanges: ["even if it is the bad one"],
    at: ["body", "headers.set-auth-jwt"],
    reason: "of several session cookies with the same name, a valid one takes precedence over an expired one",
  },
  {
    exchanges: ["a token in the query will do", "a reset with a session", "sign-in with the new address"],
    at: ["status", "headers", "body"],
    reason: "a password change or reset invalidates the user's other reset links, which an attacker may have",
  },
  {
    exchanges: ["a forgetful session is not refreshed", "the session of a day is not over"],
    at: ["headers", "body"],
    reason: "`rememberMe: false` never makes a session longer than SESSION_EXPIRES_IN",
  },
  {
    exchanges: ["the expired ones are not listed"],
    at: ["status", "headers", "body"],
    reason: "`rememberMe: false` never makes a session longer than SESSION_EXPIRES_IN",
  },
  {
    exchanges: ["which makes her address of nonsense", "which makes her address of 203.0.113.7:80"],
    at: "body.session.ipAddress",
    reason: "more formats of a trusted proxy's header are accepted; otherwise the proxy's own address is shown",
  },
];
