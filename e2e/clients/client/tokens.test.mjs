// JWTs that the real client fetches, verified with jose as in another service.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createRemoteJWKSet, jwtVerify } from "jose";

import { keepHeaders, member, serve, somebody } from "./people.mjs";

const server = serve();

const verify = (token) => {
  const keys = createRemoteJWKSet(new URL(`${server.url}/api/auth/jwks`));
  return jwtVerify(token, keys, { algorithms: ["EdDSA"], issuer: server.url, audience: server.url });
};

test("token() gives a JWT about the user that jose verifies", async () => {
  const { client, user } = await member(server);

  const { data, error } = await client.token();

  assert.equal(error, null);
  const { payload, protectedHeader } = await verify(data.token);
  assert.deepEqual(Object.keys(protectedHeader).sort(), ["alg", "kid"]);
  assert.equal(payload.sub, user.id);
  assert.equal(payload.exp - payload.iat, 24 * 60 * 60);
  for (const member of ["id", "name", "email", "emailVerified", "image"]) {
    assert.deepEqual(payload[member], user[member]);
  }
  assert.equal(payload.createdAt, user.createdAt.toISOString());
  assert.equal(payload.updatedAt, user.updatedAt.toISOString());
});

test("the JWT that getSession returns is valid as well", async () => {
  const { client, user } = await member(server);
  const seen = {};
  await client.getSession({ fetchOptions: keepHeaders(seen) });

  const { payload } = await verify(seen.headers.get("set-auth-jwt"));

  assert.equal(payload.sub, user.id);
});

test("a JWT shows what the user has changed", async () => {
  const { client } = await member(server);
  await client.updateUser({ name: "Ada B." });

  const { data } = await client.token();

  assert.equal((await verify(data.token)).payload.name, "Ada B.");
});

test("a JWT outlives the session", async () => {
  const { client } = await member(server);
  const { data } = await client.token();
  await client.signOut();

  await verify(data.token);
});

test("token() without a session is refused", async () => {
  const { client } = somebody(server);

  const { data, error } = await client.token();

  assert.equal(data, null);
  assert.equal(error.status, 401);
  assert.equal(error.code, "UNAUTHORIZED");
});

test("jwks() lists the public keys", async () => {
  const { client } = somebody(server);

  const { data } = await client.jwks();

  assert.equal(data.keys.length, 1);
  const [{ kid, x, ...key }] = data.keys;
  assert.equal(typeof kid, "string");
  assert.equal(Buffer.from(x, "base64url").length, 32);
  assert.deepEqual(key, { alg: "EdDSA", crv: "Ed25519", kty: "OKP" });
});

test("a JWT with a changed claim is not verified", async () => {
  const { client } = await member(server);
  const { data } = await client.token();
  const [header, payload, signature] = data.token.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url"));
  const forged = Buffer.from(JSON.stringify({ ...claims, sub: "somebody else" }));

  const token = [header, forged.toString("base64url"), signature].join(".");

  await assert.rejects(verify(token), { code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" });
});
