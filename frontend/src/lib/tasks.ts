// The task API, with the types of its document. Every call carries a token, and only there.

import createClient, { type Client } from "openapi-fetch";
import { fetchToken, lookAgain } from "./auth";
import { config } from "./config";
import { nextCursor } from "./link";
import { ProblemError, problemOf, unreachable } from "./problem";
import { BrowserTabs } from "./tabs";
import type { paths } from "./task-api";
import { problemOfTasks } from "./task-problem";
import { TokenStore } from "./token";
import { traceparent } from "./trace";

type Listing = paths["/api/tasks"]["get"]["responses"]["200"]["content"]["application/json"];
export type Task = Listing[number];
export type TaskChange = Partial<Pick<Task, "title" | "description" | "completed">>;
export type Filter = "all" | "open" | "done";

export interface Page {
  tasks: Task[];
  next: string | undefined;
}

const PAGE_SIZE = 100;

const tabs = new BrowserTabs();
export const tokens = new TokenStore(fetchToken, tabs);
tabs.listen(tokens);

/** Sends a request with a token, and once more with a new one if it was refused. */
async function fetchWithToken(request: Request): Promise<Response> {
  request.headers.set("traceparent", traceparent());
  const token = await tokens.get();
  const response = await send(request.clone(), token);
  if (response.status !== 401) return response;
  return await send(request, await tokens.renew(token));
}

async function send(request: Request, token: string): Promise<Response> {
  request.headers.set("authorization", `Bearer ${token}`);
  try {
    return await fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new ProblemError(unreachable("The task service cannot be reached."));
  }
}

let client: Promise<Client<paths>> | undefined;

function api(): Promise<Client<paths>> {
  client ??= config()
    // A redirect would take the token elsewhere.
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

/** Throws what was not done. Whoever is refused with a new token, too, is signed out. */
async function ask<T>(call: (client: Client<paths>) => Promise<Answer<T>>): Promise<Answer<T>> {
  try {
    const answer = await call(await api());
    if (answer.response.ok) return answer;
    throw new ProblemError(problemOfTasks(answer.error, answer.response));
  } catch (error) {
    if (problemOf(error).status === 401) lookAgain();
    throw error;
  }
}

async function only<T>(call: (client: Client<paths>) => Promise<Answer<T>>): Promise<T> {
  const { data } = await ask(call);
  if (data === undefined) throw new ProblemError(unreachable("The task service answered nothing."));
  return data;
}

export async function listTasks(
  filter: Filter,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<Page> {
  const query = {
    limit: PAGE_SIZE,
    ...(cursor === undefined ? {} : { cursor }),
    ...(filter === "all" ? {} : { completed: filter === "done" }),
  };
  const { data, response } = await ask((client) =>
    client.GET("/api/tasks", { params: { query }, signal }),
  );
  return { tasks: data ?? [], next: nextCursor(response.headers.get("link")) };
}

export function findTask(id: string, signal: AbortSignal): Promise<Task> {
  return only((client) => client.GET("/api/tasks/{id}", { params: { path: { id } }, signal }));
}

/** With the same key, a task is created once, however often it has to be sent. */
export function createTask(title: string, key: string): Promise<Task> {
  return only((client) =>
    client.POST("/api/tasks", { body: { title }, headers: { "idempotency-key": key } }),
  );
}

export function updateTask(id: string, change: TaskChange): Promise<Task> {
  return only((client) =>
    client.PATCH("/api/tasks/{id}", { params: { path: { id } }, body: change }),
  );
}

/** `keepalive`: even if the page is being closed. A task that is gone already is gone. */
export async function deleteTask(id: string, keepalive = false): Promise<void> {
  try {
    await ask((client) =>
      client.DELETE("/api/tasks/{id}", { params: { path: { id } }, keepalive }),
    );
  } catch (error) {
    if (problemOf(error).status !== 404) throw error;
  }
}
