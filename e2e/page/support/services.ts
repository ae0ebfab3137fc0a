// Both services as real processes, each with its own SQLite file. auth-service also serves the
// built web app.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

const PROGRAMS = resolve(process.env.SERVICES ?? "../../target/debug");
const PAGE = resolve(import.meta.dirname, "../../../frontend/dist");
const SECRET = "a secret for tests, of more than 32 characters";
const EVENTS_SECRET = "a secret that both services know: more than 32 characters";
const POLL = 20;
const PATIENCE = 20_000;

type Variables = Record<string, string>;

/** A service process that can be stopped and restarted with the same data. */
class Service {
  #process: ChildProcess | undefined;
  readonly #program: string;
  readonly #options: { cwd: string; env: Variables };

  constructor(
    readonly url: string,
    private readonly name: string,
    private readonly folder: string,
    env: Variables,
    programs: string,
  ) {
    this.#program = join(programs, name);
    this.#options = { cwd: folder, env: { PATH: process.env.PATH ?? "", RUST_LOG: "warn", ...env } };
  }

  /** Starts the process, and waits until it is ready. */
  async start(): Promise<void> {
    const child = spawn(this.#program, { ...this.#options, stdio: ["ignore", "pipe", "pipe"] });
    const log = createWriteStream(join(this.folder, `${this.name}.log`), { flags: "a" });
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    this.#process = child;
    const deadline = Date.now() + PATIENCE;
    while (!(await this.#isReady())) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`${this.name} does not start; see ${this.folder}`);
      }
      await pause(POLL);
    }
  }

  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await ended;
  }

  async export(): Promise<string> {
    const options = { ...this.#options, maxBuffer: Number.POSITIVE_INFINITY };
    const { stdout } = await promisify(execFile)(this.#program, ["export"], options);
    return stdout;
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/health/ready`)).ok;
    } catch {
      return false;
    }
  }
}

export interface System {
  auth: Service;
  tasks: Service;
  /** URL of the web app. */
  url: string;
  /** Folder to which auth-service writes its e-mails. */
  mails: string;
  stop(): Promise<void>;
}

/** Starts a separate system, with these additional environment variables for auth-service. */
export async function startSystem(env: Variables = {}, programs = PROGRAMS): Promise<System> {
  const folder = await mkdtemp(join(tmpdir(), "page-"));
  const [authPort, tasksPort] = [await freePort(), await freePort()];
  const url = `http://localhost:${authPort}`;
  const tasksUrl = `http://localhost:${tasksPort}`;
  const mails = join(folder, "mails");
  const authVariables = {
    BCRYPT_COST: "10",
    BETTER_AUTH_SECRET: SECRET,
    BETTER_AUTH_URL: url,
    DATABASE_URL: `sqlite://${join(folder, "auth.db")}`,
    EVENTS_SECRET,
    FRONTEND_URL: url,
    MAIL_DIR: mails,
    PORT: String(authPort),
    RATE_LIMIT: "off",
    TASKS_URL: tasksUrl,
    WEB_ROOT: PAGE,
    ...env,
  };
  const tasksVariables = {
    BETTER_AUTH_AUDIENCE: url,
    BETTER_AUTH_ISSUER: url,
    BETTER_AUTH_JWKS_URL: `${url}/api/auth/jwks`,
    DATABASE_URL: `sqlite://${join(folder, "tasks.db")}`,
    EVENTS_SECRET,
    FRONTEND_URL: url,
    PORT: String(tasksPort),
  };
  const auth = new Service(url, "auth-service", folder, authVariables, programs);
  const tasks = new Service(tasksUrl, "task-service", folder, tasksVariables, programs);
  await auth.start();
  await tasks.start();
  const stop = async () => {
    await Promise.all([auth.stop(), tasks.stop()]);
    await rm(folder, { recursive: true, force: true });
  };
  return { auth, tasks, url, mails, stop };
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.on("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => done(typeof address === "object" && address ? address.port : 0));
    });
  });
}
