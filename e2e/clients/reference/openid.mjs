// An OpenID Connect provider with one key each for RS256, ES256 and EdDSA.
//
//     PORT=3000 node reference/openid.mjs
//
// It prints "listening" when it is ready. A client credentials grant for the resource
// https://api.example.com/ALG returns an access token (RFC 9068) that is signed with ALG and whose
// audience is https://api.example.com.

import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";

const ALGORITHMS = ["RS256", "ES256", "EdDSA"];

const port = Number(process.env.PORT);

async function privateJwk(alg) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg, use: "sig", kid: `key-for-${alg}` };
}

const provider = new Provider(`http://localhost:${port}`, {
  jwks: { keys: await Promise.all(ALGORITHMS.map(privateJwk)) },
  clients: [
    {
      client_id: "tester",
      client_secret: "example-secret",
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    },
  ],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context, resource) => ({
        audience: "https://api.example.com",
        scope: "tasks:read tasks:write",
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: resource.split("/").at(-1) } },
      }),
    },
  },
});

provider.listen(port, "127.0.0.1", () => console.log("listening"));
