// Sends the same exchanges to Better Auth and to auth-service, and compares the responses.
//
//     AUTH_SERVICE=../../target/release/auth-service node differential/run.mjs
//
// Without AUTH_SERVICE, prints the responses of Better Auth. ../support/server.mjs documents the
// environment variables.

import { FRONT_END, hasOurs, startOriginal, startOurs } from "../support/server.mjs";
import { ALLOWED } from "./allowed-differences.mjs";
import { Comparison } from "./comparison.mjs";
import { CONFIGURATIONS } from "./configurations.mjs";
import { play } from "./play.mjs";
import { TRUSTED } from "./vocabulary.mjs";

/** Settings of both servers. Both have the same public URL, but each listens on a port of its own. */
const SITE = { BETTER_AUTH_URL: TRUSTED, FRONTEND_URL: `${TRUSTED},${FRONT_END}` };

/** Starts a server, returns its responses to the exchanges, and stops it. */
async function answers(start, { env, rows }) {
  const server = await start({ ...SITE, ...env });
  try {
    return await play(rows, server);
  } finally {
    await server.stop();
  }
}

function show({ name, env }, answers) {
  console.log(`\n# ${name} ${JSON.stringify(env)}`);
  for (const [exchange, answer] of answers) {
    console.log(`${exchange}\n    ${JSON.stringify(answer)}`);
  }
}

const names = CONFIGURATIONS.flatMap(({ rows }) => rows.map(([name]) => name));
const twice = names.filter((name, index) => names.indexOf(name) !== index);
if (twice.length > 0) throw new Error(`two exchanges are called ${JSON.stringify(twice)}`);

const comparison = new Comparison(ALLOWED);
for (const configuration of CONFIGURATIONS) {
  const original = answers(startOriginal, configuration);
  if (!hasOurs) {
    show(configuration, await original);
    continue;
  }
  const [theirs, ours] = await Promise.all([original, answers(startOurs, configuration)]);
  for (const [exchange, answer] of theirs) comparison.add(exchange, answer, ours.get(exchange));
}
if (hasOurs && !comparison.report()) process.exitCode = 1;
