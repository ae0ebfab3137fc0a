// @vitest-environment jsdom
// The rows and the list of tasks, the editor, and notices.

import { cleanup, render, screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { MemoryRouter } from "react-router";
import { afterEach, expect, test, vi } from "vitest";
import { Toaster } from "../../src/components/toaster";
import { useRowFocus } from "../../src/components/ui/row-focus";
import { TaskEditor } from "../../src/features/tasks/components/task-editor";
import { TaskList } from "../../src/features/tasks/components/task-list";
import type { TaskActions } from "../../src/features/tasks/components/task-row";
import type { Task } from "../../src/features/tasks/model/task";
import { overlay } from "../../src/features/tasks/model/task-overlay";
import { ALL_TASKS } from "../../src/features/tasks/model/task-view";
import { notices } from "../../src/lib/notices";
import { task } from "../task";

afterEach(cleanup);

const actions = (): TaskActions => ({
  change: vi.fn(),
  remove: vi.fn(),
  draftOf: () => undefined,
  keepDraft: vi.fn(),
  unsent: {
    retry: vi.fn(),
    discard: vi.fn(),
    overwrite: vi.fn(),
    takeTheirs: vi.fn(),
    recreate: vi.fn(),
  },
});

const more = { hasMore: false, isLoading: false, hasFailed: false, load: vi.fn() };

function List({ tasks, actions: own }: { tasks: Task[]; actions: TaskActions }) {
  const rows = overlay(tasks, [], ALL_TASKS);
  return (
    <MemoryRouter>
      <TaskList rows={rows} rowFocus={useRowFocus(rows)} actions={own} more={more} />
    </MemoryRouter>
  );
}

test("a title is edited in place: Enter saves it, Escape leaves it, the focus goes back", async () => {
  const user = userEvent.setup();
  const own = actions();
  const milk = task("Milk");
  render(<List tasks={[milk]} actions={own} />);
  await user.click(screen.getByRole("button", { name: "Edit Milk" }));
  await user.keyboard("!{Enter}");
  expect(own.change).toHaveBeenCalledWith(milk, { title: "Milk!" });
  expect(document.activeElement).toBe(screen.getByRole("button", { name: "Edit Milk" }));
  await user.click(screen.getByRole("button", { name: "Edit Milk" }));
  await user.keyboard("?{Escape}");
  expect(own.change).toHaveBeenCalledTimes(1);
});

test("the arrow keys move between rows, and the focus stays when a row leaves", async () => {
  const user = userEvent.setup();
  const own = actions();
  const tasks = [task("a"), task("b"), task("c")];
  const { rerender } = render(<List tasks={tasks} actions={own} />);
  const box = (title: string) => screen.getByRole("checkbox", { name: `Done: ${title}` });
  box("a").focus();
  await user.keyboard("{ArrowDown}");
  expect(document.activeElement).toBe(box("b"));
  rerender(<List tasks={[task("a"), task("c")]} actions={own} />);
  expect(document.activeElement).toBe(box("c"));
});

test("the editor reports each change and saves the typed text", async () => {
  const user = userEvent.setup();
  const [onEdit, onSave] = [vi.fn(), vi.fn(async () => undefined)];
  render(
    <MemoryRouter>
      <TaskEditor
        task={task("Milk")}
        base={task("Milk")}
        draft={undefined}
        wasRestored={false}
        conflict={undefined}
        onTick={vi.fn()}
        onEdit={onEdit}
        onSave={onSave}
        onDiscard={vi.fn()}
        onRemove={vi.fn()}
      />
    </MemoryRouter>,
  );
  await user.clear(screen.getByLabelText("Title"));
  await user.click(screen.getByRole("button", { name: "Save changes" }));
  expect(screen.getByText("A task needs a title.")).toBeDefined();
  expect(onSave).not.toHaveBeenCalled();
  await user.type(screen.getByLabelText("Title"), "Oat milk");
  expect(onEdit).toHaveBeenLastCalledWith({ title: "Oat milk", description: "" });
  await user.click(screen.getByRole("button", { name: "Save changes" }));
  expect(onSave).toHaveBeenCalledWith({ title: "Oat milk", description: "" });
});

test("Ctrl+Z undoes the last reversible change, but not while text is being typed", async () => {
  const user = userEvent.setup();
  const [first, second] = [vi.fn(), vi.fn()];
  render(
    <>
      <input aria-label="Text" />
      <Toaster />
    </>,
  );
  for (const run of [first, second]) {
    notices.show({ kind: "info", text: "Deleted.", action: { label: "Undo", run, isUndo: true } });
  }
  const region = screen.getByRole("region", { name: "Notices" });
  expect(await within(region).findAllByText("Deleted.")).toHaveLength(2);
  await user.type(screen.getByLabelText("Text"), "a{Control>}z{/Control}");
  expect(second).not.toHaveBeenCalled();
  screen.getByLabelText("Text").blur();
  await user.keyboard("{Control>}z{/Control}");
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([0, 1]);
  await user.click(within(region).getByRole("button", { name: "Undo" }));
  expect(first).toHaveBeenCalledTimes(1);
});
