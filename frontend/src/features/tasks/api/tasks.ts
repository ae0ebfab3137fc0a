// A client for the task API, with types from its OpenAPI document. Tokens are sent to no other
// service.

import createClient, { type Client } from "openapi-fetch";
import { config } from "../../../lib/config";
import { connection } from "../../../lib/connection";
import { t } from "../../../lib/i18n";
import { nextCursor } from "../../../lib/link";
import { ProblemError, problemOf, unreachable } from "../../../lib/problem";
import { arrayOf, isBoolean, isString, isTime, objectOf, optional } from "../../../lib/shape";
import { traceparent } from "../../../lib/trace";
import { fetchToken, lookAgain } from "../../auth/api/auth";
import { BrowserTabs } from "../../auth/api/tabs";
import { OtherSession, TokenStore } from "../../auth/api/token";
import type { Task, TaskChange } from "../model/task";
import type { Sort, View } from "../model/task-view";
import type { paths } from "./task-api";
import { problemOfTasks } from "./task-problem";

export interface Page {
  tasks: Task[];
  next: string | undefined;
  /** Number of tasks on all pages. Only the first page of a listing contains it. */
  total?: number | undefined;
}

const PAGE_SIZE = 100;

export const tabs = new BrowserTabs();
export const tokens = new TokenStore(fetchToken, tabs);

/** Sends a request with a token. If the token is rejected, retries once with a new one. */
async function fetchWithToken(request: Request): Promise<Response> {
  request.headers.set("traceparent", traceparent());
  const { owner } = tokens;
  const token = await tokens.get();
  const response = await send(request.clone(), token);
  if (response.status !== 401) return response;
  // With the token of another user, the request would read or change that user's tasks.
  if (tokens.owner !== owner) throw new OtherSession();
  return await send(request, await tokens.renew(token));
}

async function send(request: Request, token: string): Promise<Response> {
  request.headers.set("authorization", `Bearer ${token}`);
  try {
    const response = await fetch(request);
    connection.report(true);
    return response;
  } catch (error) {
    if (request.signal.aborted) throw error;
    connection.report(false);
    throw new ProblemError(unreachable(t().unreachable.tasks));
  }
}

let client: Promise<Client<paths>> | undefined;

function api(): Promise<Client<paths>> {
  client ??= config()
    // Following a redirect could send the token to another origin.
    .then(({ tasksUrl: baseUrl }) =>
      createClient<paths>({
        baseUrl,
        fetch: fetchWithToken,
        credentials: "omit",
        redirect: "error",
      }),
    )
    .catch((error: unknown) => {
      client = undefined;
      throw error;
    });
  return client;
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

const unexpected = () => new ProblemError(unreachable(t().unreachable.unexpected));

type Call<T> = (client: Client<paths>) => Promise<Answer<T>>;

/**
 * Calls the API, and throws an error if there is no successful response, or if its body is not an
 * expected one and thus comes from a proxy. After a 401, the session may have ended, so it is
 * fetched again.
 */
async function ask<T>(
  call: Call<T>,
  isExpected: (body: unknown, status: number) => boolean,
): Promise<{ data: T; response: Response }> {
  const { owner } = tokens;
  try {
    const client = await api();
    if (tokens.owner !== owner) throw new OtherSession();
    const { data, error, response } = await call(client);
    if (!response.ok) throw new ProblemError(problemOfTasks(error, response));
    if (!isExpected(data, response.status)) throw unexpected();
    return { data: data as T, response };
  } catch (error) {
    if (problemOf(error).status === 401) lookAgain();
    // The client could not parse the body of a successful response.
    if (error instanceof SyntaxError) throw unexpected();
    throw error;
  }
}

const isTask = objectOf({
  id: isString,
  title: isString,
  description: optional(isString),
  completed: isBoolean,
  created_at: isTime,
  updated_at: isTime,
});

const ORDERS = {
  newest: {},
  oldest: { sort: "created_at", order: "asc" },
  changed: { sort: "updated_at" },
  title: { sort: "title" },
} as const satisfies Record<Sort, object>;

export async function listTasks(
  { filter, search, sort }: View,
  cursor: string | undefined,
  signal?: AbortSignal,
): Promise<Page> {
  const query = {
    limit: PAGE_SIZE,
    ...(cursor === undefined ? { total: true } : { cursor }),
    ...(search === "" ? {} : { q: search }),
    ...ORDERS[sort],
    ...(filter === "all" ? {} : { completed: filter === "done" }),
  };
  const { data, response } = await ask(
    (client) => client.GET("/api/tasks", { params: { query }, ...(signal && { signal }) }),
    arrayOf(isTask),
  );
  const total = response.headers.get("x-total-count");
  return {
    tasks: data,
    next: nextCursor(response.headers.get("link")),
    ...(/^\d+$/.test(total ?? "") && { total: Number(total) }),
  };
}

export interface FoundTask {
  task: Task;
  /** The version of the task, for `If-Match`. */
  etag: string | undefined;
}

export async function findTask(id: string, signal?: AbortSignal): Promise<FoundTask> {
  const params = { path: { id } };
  const { data, response } = await ask(
    (client) => client.GET("/api/tasks/{id}", { params, ...(signal && { signal }) }),
    isTask,
  );
  return { task: data, etag: response.headers.get("etag") ?? undefined };
}

export interface NewTask {
  title: string;
  description?: string;
}

export interface CreatedTask {
  task: Task;
  /** Whether an earlier request with the same key created the task. */
  isReplayed: boolean;
}

/** Creates a task. Retries with the same key create it only once. */
export async function createTask(task: NewTask, key: string): Promise<CreatedTask> {
  const headers = { "idempotency-key": key };
  const { data, response } = await ask(
    (client) => client.POST("/api/tasks", { body: task, headers }),
    isTask,
  );
  return { task: data, isReplayed: response.headers.has("idempotency-replayed") };
}

const ifMatch = (etag: string | undefined) => (etag === undefined ? {} : { "If-Match": etag });

/** Changes a task. With `etag`, throws a 412 problem if the task has another version. */
export async function updateTask(id: string, change: TaskChange, etag?: string): Promise<Task> {
  const params = { path: { id }, header: ifMatch(etag) };
  const { data } = await ask(
    (client) => client.PATCH("/api/tasks/{id}", { params, body: change }),
    isTask,
  );
  return data;
}

/**
 * Deletes a task, if it exists. With `etag`, throws a 412 problem if the task has another version.
 * With `keepalive`, the request survives the closing of the page.
 */
export async function deleteTask(id: string, etag?: string, keepalive = false): Promise<void> {
  try {
    const params = { path: { id }, header: ifMatch(etag) };
    await ask(
      (client) => client.DELETE("/api/tasks/{id}", { params, keepalive }),
      (_body, status) => status === 204,
    );
  } catch (error) {
    if (problemOf(error).status !== 404) throw error;
  }
}
