// Where auth-service may answer otherwise than the original, and why a user would not mind.
//
// `at` is one place or several: `status`, `body`, or a path into headers and body; `when` narrows
// it to some values. Without `exchanges` an entry holds for all of them. An entry that finds
// nothing to allow is an error.

const contains = (theirs = [], ours = []) => theirs.every((name) => ours.includes(name));

export const ALLOWED = [
  // Of every answer
  {
    at: [
      "headers.access-control-allow-credentials",
      "headers.access-control-allow-origin",
      "headers.vary",
    ],
    reason: "a front end on another origin is answered; the original leaves that to what is around it",
  },
  {
    at: "headers.access-control-expose-headers",
    when: contains,
    reason: "such a front end may read what it could with the original, and more",
  },
  {
    at: "headers.x-request-id",
    reason: "every answer can be found in the log",
  },
  {
    at: "headers.retry-after",
    reason: "the standard header beside x-retry-after, with the same value",
  },
  {
    at: [
      "body.token.claims.jti",
      "body.token.claims.sid",
      "headers.set-auth-jwt.claims.jti",
      "headers.set-auth-jwt.claims.sid",
    ],
    reason: "a token names itself and its session, so that it can be revoked",
  },

  // Of some
  {
    exchanges: [
      "the keys can be read before the first token",
      "the keys do not change",
      "the keys do not depend on who asks",
      "a key is made for the first token",
      "both keys are published",
    ],
    at: ["headers.cache-control", "headers.etag"],
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
    exchanges: ["an escaped path is another path"],
    at: ["status", "headers.content-type", "body"],
    reason: "paths are the same however they are escaped (RFC 3986 §6.2.2.2); no client escapes letters",
  },
  {
    exchanges: ["a path of an origin does not matter", "an origin in capitals is the same"],
    at: ["status", "body"],
    reason: "no browser sends such an origin, and it is compared as it is",
  },
  {
    exchanges: [
      "update-user with null for a name",
      "update-user with a number for a name",
      "update-user with an object for a name",
      "update-user with a number for an image",
    ],
    at: ["status", "headers", "body"],
    reason: "a value of a wrong type is a 400; the original fails with a 500, or stores it as a text",
  },
  {
    exchanges: ["whether it is still good for Eli"],
    at: ["status", "headers", "body"],
    reason: "nobody else can use up the link by which an account is deleted",
  },
  {
    exchanges: ["which makes her address of nonsense", "which makes her address of 203.0.113.7:80"],
    at: "body.session.ipAddress",
    reason: "what a trusted proxy says is read more generously, or the proxy's own address shown",
  },
];
