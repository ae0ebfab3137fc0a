// JWTs, the keys to verify them, and the error page.

import { get, post, signUp } from "../vocabulary.mjs";

export const tokens = [
  ["Tom signs up", signUp("tom@example.com", { image: "t.png" }), "tom"],
  ["the keys can be read before the first token", get("/jwks")],
  ["a token needs a session", get("/token")],
  ["a token is signed for a cookie", get("/token", { as: "tom" })],
  ["a token is signed for a bearer", get("/token", { bearer: "tom" })],
  ["a token takes no POST", post("/token", {}, { as: "tom" })],
  ["the keys do not change", get("/jwks")],
  ["the keys do not depend on who asks", get("/jwks", { as: "tom" })],

  ["the error page names the code", get("/error?error=INVALID_TOKEN")],
  ["the error page without a code", get("/error")],
  ["the error page does not echo anything", get(`/error?error=${encodeURIComponent("<script>")}`)],
  ["the error page takes an apostrophe", get("/error?error=it's-a_code1")],
  ["the error page takes a description", get("/error?error=CODE&error_description=something%20happened")],
];
