// The limits checked by forms match those of the services.

import { expect, test } from "vitest";
import authDocument from "../../auth-service/openapi.json";
import taskDocument from "../../task-service/openapi.json";
import {
  EMAIL_MAX,
  NOTES_MAX,
  PASSWORD_MAX,
  PASSWORD_MIN,
  SEARCH_MAX,
  TITLE_MAX,
} from "../src/lib/limits";

test("limits are those of the OpenAPI documents", () => {
  const { title, description } = taskDocument.components.schemas.CreateTask.properties;
  const { email, password } = authDocument.components.schemas.SignUp.properties;
  expect(title.maxLength).toBe(TITLE_MAX);
  expect(description.maxLength).toBe(NOTES_MAX);
  const search = taskDocument.paths["/api/tasks"].get.parameters.find(({ name }) => name === "q");
  expect(search?.schema.maxLength).toBe(SEARCH_MAX);
  expect([password.minLength, password.maxLength]).toEqual([PASSWORD_MIN, PASSWORD_MAX]);
  expect(email.maxLength).toBe(EMAIL_MAX);
});
