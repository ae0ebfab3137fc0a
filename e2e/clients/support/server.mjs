// The servers under test: Better Auth, and auth-service on the engine that the environment selects.
//
//     AUTH_SERVICE   path of the program
//     POSTGRES_URL   server on which databases are created; by default, databases are SQLite files

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import pg from "pg";

import { call } from "./http.mjs";
import { mailbox } from "./mailbox.mjs";

export const SECRET = "a secret for both servers, of more than 32 characters";

const POLL = 50;
const PATIENCE = 60_000;
const { AUTH_SERVICE, PATH, POSTGRES_URL } = process.env;

/** Running servers, which are stopped when this process exits. */
const children = new Set();
process.on("exit", () => children.forEach((child) => child.kill()));

/** Whether auth-service is under test. */
export const hasOurs = AUTH_SERVICE !== undefined;

/** Origin of the web app. */
export const FRONT_END = "http://localhost:5173";

export const startOurs = (env) => start([resolve(AUTH_SERVICE)], env);

/** Starts a task-service that trusts the auth-service at the URL `issuer`. */
export const startTasks = (issuer, env) =>
  start([resolve(AUTH_SERVICE, "../task-service")], {
    BETTER_AUTH_ISSUER: issuer,
    BETTER_AUTH_AUDIENCE: issuer,
    BETTER_AUTH_JWKS_URL: `${issuer}/api/auth/jwks`,
    ...env,
  });

export const startOriginal = (env) =>
  start([process.execPath, resolve(import.meta.dirname, "../reference/server.mjs")], env);

/**
 * Starts a server with an empty database, and waits until it is ready. Returns
 * `{ url, port, mailbox, stop }`.
 */
export async function start([command, ...args], env) {
  const folder = await mkdtemp(join(tmpdir(), "server-"));
  const port = env?.PORT ?? (await freePort());
  const url = `http://localhost:${port}`;
  const log = createWriteStream(join(folder, "log"));
  const child = spawn(command, args, {
    cwd: folder,
    env: {
      PATH,
      BETTER_AUTH_SECRET: SECRET,
      BETTER_AUTH_URL: url,
      BCRYPT_COST: "10",
      DATABASE_URL: await emptyDatabase(folder),
      FRONTEND_URL: FRONT_END,
      MAIL_DIR: join(folder, "mails"),
      PORT: String(port),
      RATE_LIMIT: "off",
      // Off, because Better Auth's counterpart is a plugin that queries an Internet service.
      REFUSE_COMMON_PASSWORDS: "off",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  children.add(child);
  const ended = new Promise((resolve) => child.once("close", resolve));
  const stop = async () => {
    child.kill();
    await ended;
    children.delete(child);
    await rm(folder, { recursive: true });
  };
  const deadline = Date.now() + PATIENCE;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      const said = await readFile(join(folder, "log"), "utf8");
      await stop();
      throw new Error(`${command} does not start:\n${said}`);
    }
    await pause(POLL);
  }
  return { url, port, mailbox: mailbox(join(folder, "mails")), stop };
}

/** Returns the URL of a new PostgreSQL database, or of a SQLite file in `folder`. */
export async function emptyDatabase(folder) {
  if (POSTGRES_URL === undefined) return `sqlite://${join(folder, "data.db")}`;
  const name = randomUUID();
  const client = new pg.Client({ connectionString: POSTGRES_URL });
  await client.connect();
  await client.query(`CREATE DATABASE "${name}"`);
  await client.end();
  const url = new URL(POSTGRES_URL);
  url.pathname = `/${name}`;
  return url.href;
}

/**
 * Returns whether the server is ready. auth-service has an endpoint for this; Better Auth is ready
 * once it responds.
 */
async function answers(port) {
  try {
    return (await call(port, { method: "GET", path: "/health/ready" })).status !== 503;
  } catch {
    return false;
  }
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
