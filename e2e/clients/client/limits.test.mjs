// Rate limits, as the client reports them to the application.

import assert from "node:assert/strict";
import { test } from "node:test";

import { PASSWORD, newAddress, serve, somebody } from "./people.mjs";

const server = serve({ RATE_LIMIT: "on" });

test("too many sign-ins return an error with the time to wait", async () => {
  const { client } = somebody(server);
  const seen = {};
  const attempt = () =>
    client.signIn.email({
      email: newAddress(),
      password: PASSWORD,
      fetchOptions: {
        onError: ({ response }) => {
          seen.headers = response.headers;
        },
      },
    });
  for (let count = 0; count < 3; count += 1) assert.equal((await attempt()).error.status, 401);

  const { data, error } = await attempt();

  assert.equal(data, null);
  assert.deepEqual(error, {
    status: 429,
    statusText: "Too Many Requests",
    message: "Too many requests. Please try again later.",
  });
  const seconds = Number(seen.headers.get("x-retry-after"));
  assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 10, `${seconds}`);
});
