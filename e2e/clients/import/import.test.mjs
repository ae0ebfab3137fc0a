// Tests `auth-service import` with a database written by Better Auth itself.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { call } from "../support/http.mjs";
import { SECRET, emptyDatabase, startOriginal, startOurs } from "../support/server.mjs";

const PASSWORD = "correct horse 42, Ångström";

function post(server, path, body, cookie) {
  const headers = { "content-type": "application/json", ...(cookie && { cookie, origin: server.url }) };
  return call(server.port, { method: "POST", path, headers, body: JSON.stringify(body) });
}

/** Signs up a user. Returns the user with an additional field for the session's `Cookie` header. */
async function signUp(server, name) {
  const email = `${name}@example.com`;
  const answer = await post(server, "/api/auth/sign-up/email", { name, email, password: PASSWORD });
  assert.equal(answer.status, 200, answer.text);
  const [cookie] = answer.headers["set-cookie"][0].split(";");
  return { ...JSON.parse(answer.text).user, cookie };
}

/** Runs an import and returns its report. */
async function runImport(from, to, ...options) {
  const args = ["import", "--from", "better-auth", from, ...options];
  const env = { DATABASE_URL: to, BETTER_AUTH_SECRET: SECRET };
  const { stdout } = await promisify(execFile)(resolve(process.env.AUTH_SERVICE), args, { env });
  return stdout;
}

test("users of the original keep ids, passwords and sessions, and a second import changes nothing", async (t) => {
  const folders = await Promise.all([1, 2].map(() => mkdtemp(join(tmpdir(), "import-"))));
  t.after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));
  const [from, to] = await Promise.all(folders.map(emptyDatabase));
  const original = await startOriginal({ DATABASE_URL: from });
  const people = [await signUp(original, "ada"), await signUp(original, "eve")];
  await original.stop();

  const dry = await runImport(from, to, "--sessions", "--dry-run");
  assert.match(dry, /^2 users would be imported; 2 passwords, .* 2 sessions$/m);
  const report = await runImport(from, to, "--sessions");
  assert.match(report, /^2 users imported; 2 passwords, .* 2 sessions$/m);
  assert.match(await runImport(from, to, "--sessions"), /^0 users imported; .* 0 sessions$/m);

  const ours = await startOurs({ DATABASE_URL: to });
  t.after(() => ours.stop());
  for (const { cookie, ...user } of people) {
    const headers = { cookie };
    const session = await call(ours.port, { method: "GET", path: "/api/auth/get-session", headers });
    assert.deepEqual(JSON.parse(session.text).user, user);
    for (const password of [PASSWORD, PASSWORD]) {
      const answer = await post(ours, "/api/auth/sign-in/email", { email: user.email, password });
      assert.deepEqual(JSON.parse(answer.text).user, user);
    }
    const wrong = await post(ours, "/api/auth/sign-in/email", { email: user.email, password: "wrong horse" });
    assert.equal(wrong.status, 401);
  }
});

test("users whom the original has banned are refused in the same way", async (t) => {
  const folders = await Promise.all([1, 2].map(() => mkdtemp(join(tmpdir(), "import-"))));
  t.after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));
  const [from, to] = await Promise.all(folders.map(emptyDatabase));
  const original = await startOriginal({ DATABASE_URL: from, ADMIN: "on" });
  const root = await signUp(original, "root");
  const bans = { banned: {}, until: { banExpiresIn: 3600 }, over: { banExpiresIn: 0.001 } };
  for (const [name, ban] of Object.entries(bans)) {
    const body = { userId: (await signUp(original, name)).id, banReason: "spam", ...ban };
    const answer = await post(original, "/api/auth/admin/ban-user", body, root.cookie);
    assert.equal(answer.status, 200, answer.text);
  }
  const signIns = async (server) => {
    const answers = [];
    for (const name of [...Object.keys(bans), "root"]) {
      for (const password of [PASSWORD, "wrong horse 42"]) {
        const body = { email: `${name}@example.com`, password, callbackURL: "/in" };
        const { status, text, headers } = await post(server, "/api/auth/sign-in/email", body);
        const { code, message } = JSON.parse(text);
        answers.push({ name, status, code, message, hasCookie: "set-cookie" in headers });
      }
    }
    return answers;
  };
  // The import runs before the sign-ins, because a sign-in removes an expired ban.
  const report = await runImport(from, to, "--sessions");
  const theirs = await signIns(original);
  await original.stop();
  assert.match(report, /^4 users imported; 4 passwords, .* 1 sessions$/m);

  const ours = await startOurs({ DATABASE_URL: to });
  t.after(() => ours.stop());
  assert.deepEqual(await signIns(ours), theirs);
  assert.deepEqual(
    theirs.map(({ code }) => code).filter((code) => code === "BANNED_USER"),
    ["BANNED_USER", "BANNED_USER"],
  );
});
