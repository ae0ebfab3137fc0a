// A task for tests, whose title is its id.

import type { Task } from "../src/features/tasks/model/task";

export const task = (id: string, change: Partial<Task> = {}): Task => ({
  id,
  title: id,
  description: null,
  completed: false,
  created_at: "2026-01-02T03:04:05.678Z",
  updated_at: "2026-01-02T03:04:05.678Z",
  user_id: "ada",
  ...change,
});
