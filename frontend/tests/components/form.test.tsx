// @vitest-environment jsdom
// Forms and their fields: errors, focus, and text that the user has typed.

import { cleanup, render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { Field } from "../../src/components/ui/field";
import { Form, Submit, type Values } from "../../src/components/ui/form";
import { ProblemError } from "../../src/lib/problem";

afterEach(cleanup);

const check = ({ name = "" }: Values) => ({ name: name === "" ? "Enter a name." : undefined });

function show(onSubmit: (values: Values) => Promise<unknown>, initial = "") {
  return render(
    <Form check={check} onSubmit={onSubmit}>
      <Field name="name" label="Name" defaultValue={initial} />
      <Submit>Save</Submit>
    </Form>,
  );
}

test("a mistake is shown at its field, which has the focus, until it is corrected", async () => {
  const user = userEvent.setup();
  const submit = vi.fn(async () => undefined);
  show(submit);
  await user.click(screen.getByRole("button", { name: "Save" }));
  const field = screen.getByLabelText("Name");
  expect(document.activeElement).toBe(field);
  expect(field.getAttribute("aria-invalid")).toBe("true");
  expect(submit).not.toHaveBeenCalled();
  await user.type(field, "A");
  expect(screen.queryByText("Enter a name.")).toBeNull();
});

test("a refusal is shown at the field that it names, and the text stays", async () => {
  const user = userEvent.setup();
  show(async () => {
    throw new ProblemError({ status: 422, message: "No.", fields: { name: "Too short." } });
  });
  await user.type(screen.getByLabelText("Name"), "A");
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(await screen.findByText("Too short.")).toBeDefined();
  expect(screen.getByLabelText<HTMLInputElement>("Name").value).toBe("A");
});

test("a thrown error is shown as a problem, and the form can be submitted again", async () => {
  const user = userEvent.setup();
  const submit = vi.fn(async () => {
    throw new TypeError("Failed to fetch");
  });
  show(submit, "Ada");
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect((await screen.findByRole("alert")).textContent).toContain("cannot be reached");
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(submit).toHaveBeenCalledTimes(2);
});

test("a second click while it is sent changes nothing", async () => {
  const user = userEvent.setup();
  let finish: (problem: undefined) => void = () => {};
  const submit = vi.fn(
    () =>
      new Promise<undefined>((resolve) => {
        finish = resolve;
      }),
  );
  show(submit, "Ada");
  await user.dblClick(screen.getByRole("button", { name: "Save" }));
  expect(submit).toHaveBeenCalledTimes(1);
  finish(undefined);
  expect(await screen.findByRole("button", { name: "Save" })).toBeDefined();
});

test("a new starting value reaches an untouched field only", async () => {
  const user = userEvent.setup();
  const form = (first: string, second: string) => (
    <Form onSubmit={async () => undefined}>
      <Field name="first" label="First" defaultValue={first} />
      <Field name="second" label="Second" defaultValue={second} />
    </Form>
  );
  const { rerender } = render(form("a", "b"));
  await user.type(screen.getByLabelText("First"), "!");
  rerender(form("c", "d"));
  expect(screen.getByLabelText<HTMLInputElement>("First").value).toBe("a!");
  expect(screen.getByLabelText<HTMLInputElement>("Second").value).toBe("d");
});
