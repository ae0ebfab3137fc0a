// Deleting the account, with a question in between.

import { useRef } from "react";
import { Button } from "../components/button";
import { Card } from "../components/card";
import { PasswordField } from "../components/field";
import { Form, Submit, type Values } from "../components/form";
import { deleteAccount } from "../lib/auth";
import { notices } from "../lib/notices";

export function DeleteAccount({ leave }: { leave(message: string): void }) {
  const dialog = useRef<HTMLDialogElement>(null);

  async function submit({ password = "" }: Values) {
    const outcome = await deleteAccount(password);
    if (!("isGone" in outcome)) return outcome;
    dialog.current?.close();
    if (outcome.isGone) {
      leave("Your account is deleted.");
    } else {
      notices.show({ kind: "info", text: "Open the link in our mail to delete your account." });
    }
    return undefined;
  }

  return (
    <Card
      heading="Delete account"
      look="danger"
      intro="Your account and everything in it are deleted for good."
    >
      <div>
        <Button look="danger" onClick={() => dialog.current?.showModal()}>
          Delete account…
        </Button>
      </div>
      <dialog
        ref={dialog}
        onClose={() => dialog.current?.querySelector("form")?.reset()}
        aria-labelledby="delete-account"
        className="m-auto w-[calc(100%-2rem)] max-w-md rounded-3xl border border-line bg-surface p-6 text-ink shadow-card backdrop:bg-black/50 sm:p-8"
      >
        <h2 id="delete-account" className="text-xl font-semibold">
          Delete your account?
        </h2>
        <p className="mt-2 mb-6 text-muted">
          This cannot be undone. Enter your password to show that it is you.
        </p>
        <Form
          check={({ password = "" }) => ({
            password: password === "" ? "Enter your password." : undefined,
          })}
          onSubmit={submit}
        >
          <PasswordField
            name="password"
            label="Password"
            autoComplete="current-password"
            required
          />
          <div className="flex flex-wrap justify-end gap-3">
            <Button look="quiet" onClick={() => dialog.current?.close()}>
              Keep account
            </Button>
            <Submit look="danger">Delete for good</Submit>
          </div>
        </Form>
      </dialog>
    </Card>
  );
}
