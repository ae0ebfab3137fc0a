// The messages shown for the services' errors.

import { expect, test } from "vitest";
import { explainLink, problemOfAuth } from "../src/features/auth/api/auth-problem";
import { problemOfTasks } from "../src/features/tasks/api/task-problem";
import { en } from "../src/lib/messages/en";
import { ProblemError, problemOf, readRetryAfter } from "../src/lib/problem";

test("an error of auth-service finds the field that caused it", () => {
  const fieldsOf = (code: string, message = "") =>
    problemOfAuth({ status: 400, code, message }).fields;
  expect(fieldsOf("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")).toEqual({
    email: "An account with this address already exists.",
  });
  expect(Object.keys(fieldsOf("INVALID_EMAIL_OR_PASSWORD"))).toEqual(["password"]);
  expect(Object.keys(fieldsOf("PASSWORD_TOO_SHORT"))).toEqual(["newPassword", "password"]);
  expect(Object.keys(fieldsOf("INVALID_PASSWORD"))).toEqual(["currentPassword", "password"]);
});

test("errors of the schema are told apart by field", () => {
  const message =
    "[body.name] Invalid input: expected string, received null; [body.email] Invalid email address";
  const { fields } = problemOfAuth({ status: 400, code: "VALIDATION_ERROR", message });
  expect(fields).toEqual({
    name: "Invalid input: expected string, received null.",
    email: "This is not a complete e-mail address.",
  });
});

test("an error without a code is known by its message", () => {
  const { fields } = problemOfAuth({ status: 400, message: "Email is the same" });
  expect(fields).toEqual({ newEmail: "This is already your address." });
});

test("a disabled account is explained", () => {
  const { message, fields } = problemOfAuth({
    status: 403,
    code: "BANNED_USER",
    message: "You have been banned from this application.",
  });
  expect(message).toBe(en.problems.banned);
  expect(message).not.toContain("application");
  expect(fields).toEqual({});
});

test("an unknown error shows the server's message, or at least the status", () => {
  expect(problemOfAuth({ status: 400, code: "NEW", message: "Something new" }).message).toBe(
    "Something new.",
  );
  expect(problemOfAuth({ status: 500 }).message).toContain("500");
  expect(problemOfAuth({ status: 404 }).message).toBe("This feature is disabled here.");
});

test("a rate-limited user is told how long to wait", () => {
  expect(problemOfAuth({ status: 429 }, 7)).toMatchObject({ status: 429, retryAfter: 7 });
  expect(problemOfAuth({ status: 429 }).retryAfter).toBe(10);
  const header = (value: Record<string, string>) => readRetryAfter(new Headers(value));
  expect(header({ "x-retry-after": "9" })).toBe(9);
  expect(header({ "retry-after": "1.2" })).toBe(2);
  expect(header({ "retry-after": "3000000" })).toBe(86_400);
  expect(header({ "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT" })).toBeUndefined();
  expect(header({})).toBeUndefined();
});

test("the code in a mailed link's address is explained, whatever it is", () => {
  expect(explainLink("TOKEN_EXPIRED")).toContain("expired");
  expect(explainLink("<script>")).toBe(explainLink("INVALID_TOKEN"));
});

test("problem details are assigned to their fields", () => {
  const body = {
    detail: "title: String should have at least 1 character",
    code: "validation_error",
    errors: [
      { loc: ["body", "title"], msg: "String should have at least 1 character" },
      { loc: ["body", "title"], msg: "and another" },
    ],
  };
  const problem = problemOfTasks(body, new Response(null, { status: 422 }));
  expect(problem.fields).toEqual({ title: "String should have at least 1 character." });
  expect(problem).toMatchObject({
    status: 422,
    code: "validation_error",
    message: `${body.detail}.`,
  });
});

test("refusals of tasks have a readable message, whatever the body is", () => {
  const { message } = problemOfTasks({ code: "forbidden" }, new Response(null, { status: 403 }));
  expect(message).toBe("This task belongs to somebody else.");
  for (const body of [undefined, null, "text", {}]) {
    const { message } = problemOfTasks(body, new Response(null, { status: 500 }));
    expect(message).toContain("500");
  }
});

test("any thrown value becomes a problem", () => {
  const problem = { status: 418, message: "teapot", fields: {} };
  expect(problemOf(new ProblemError(problem))).toBe(problem);
  expect(problemOf(new TypeError("Failed to fetch"))).toMatchObject({ status: 0 });
});

test("a status that another server sends says nothing about a task or the session", () => {
  for (const status of [401, 403, 404]) {
    for (const body of [undefined, "<html>", { code: "not_found" }]) {
      const problem = problemOfTasks(body, new Response(null, { status }));
      expect(problem).toMatchObject({ status: 502, message: expect.stringContaining(`${status}`) });
    }
  }
  const missing = problemOfTasks({ code: "task_not_found" }, new Response(null, { status: 404 }));
  expect(missing).toMatchObject({ status: 404, message: "This task no longer exists." });
});
