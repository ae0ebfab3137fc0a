// What people can change about themselves and their account.

import { useState } from "react";
import { useNavigate, useOutletContext, useSearchParams } from "react-router";
import { Button } from "../components/button";
import { Card } from "../components/card";
import { CheckField, EmailField, Field, PasswordField } from "../components/field";
import { Form, Submit, type Values } from "../components/form";
import { Heading } from "../components/heading";
import { changeEmail, changeName, changePassword, sendVerificationMail } from "../lib/auth";
import { explainLink } from "../lib/auth-problem";
import { notices } from "../lib/notices";
import { emailMistake, PASSWORD_RULE, passwordMistake } from "../lib/password";
import type { Person } from "../lib/session";
import { lookAtDevices } from "../lib/use-devices";
import type { Membership } from "./members-only";
import { DeleteAccount } from "./settings-delete";
import { Devices } from "./settings-devices";

const say = (text: string) => notices.show({ kind: "info", text });

export function SettingsPage() {
  const { person, session, leave } = useOutletContext<Membership>();
  const [search] = useSearchParams();
  const error = search.get("error");
  return (
    <div className="grid gap-6">
      <Heading>Settings</Heading>
      {error && (
        <p role="alert" className="rounded-xl bg-danger-tint px-4 py-3 text-danger">
          {explainLink(error)}
        </p>
      )}
      <Name person={person} />
      <Address person={person} />
      <Password />
      <Devices session={session} />
      <DeleteAccount leave={leave} />
    </div>
  );
}

function Name({ person }: { person: Person }) {
  async function submit({ name = "" }: Values) {
    const problem = await changeName(name.trim());
    if (!problem) say("Your name is changed.");
    return problem;
  }

  return (
    <Card heading="Profile">
      <Form
        check={({ name = "" }) => ({ name: name.trim() === "" ? "Enter a name." : undefined })}
        onSubmit={submit}
      >
        <Field name="name" label="Name" autoComplete="name" defaultValue={person.name} required />
        <div>
          <Submit look="quiet">Save name</Submit>
        </div>
      </Form>
    </Card>
  );
}

function Address({ person: { email, isVerified } }: { person: Person }) {
  const [sentTo, setSentTo] = useState<string>();
  const navigate = useNavigate();

  async function submit({ newEmail = "" }: Values, form: HTMLFormElement) {
    const problem = await changeEmail(newEmail.trim());
    if (!problem) {
      setSentTo(newEmail.trim());
      form.reset();
    }
    return problem;
  }

  async function verify() {
    const problem = await sendVerificationMail(email);
    if (problem) notices.show({ kind: "problem", text: problem.message });
    else await navigate("/auth/verify-email", { state: { email } });
  }

  return (
    <Card heading="E-mail address">
      <p className="text-muted">
        <strong className="font-medium wrap-anywhere text-ink">{email}</strong>
        {isVerified ? " (verified)" : " (not verified)"}
      </p>
      {!isVerified && (
        <div>
          <Button look="quiet" onClick={() => void verify()}>
            Verify this address
          </Button>
        </div>
      )}
      <Form
        check={({ newEmail = "" }) => ({ newEmail: emailMistake(newEmail.trim()) })}
        onSubmit={submit}
      >
        <EmailField
          name="newEmail"
          label="New e-mail address"
          hint="It counts as soon as you open the link that we send there."
          autoComplete="email"
          required
        />
        {sentTo && (
          <p role="status" className="rounded-xl bg-tint px-4 py-3 wrap-anywhere">
            Open the link in the mail to {sentTo} to make it your address.
          </p>
        )}
        <div>
          <Submit look="quiet">Change address</Submit>
        </div>
      </Form>
    </Card>
  );
}

function Password() {
  async function submit(values: Values, form: HTMLFormElement) {
    const { currentPassword = "", newPassword = "", revokeOtherSessions } = values;
    const problem = await changePassword({
      currentPassword,
      newPassword,
      revokeOtherSessions: revokeOtherSessions !== undefined,
    });
    if (!problem) {
      form.reset();
      say("Your password is changed.");
      await lookAtDevices();
    }
    return problem;
  }

  return (
    <Card heading="Password">
      <Form
        check={({ currentPassword = "", newPassword = "" }) => ({
          currentPassword: currentPassword === "" ? "Enter your current password." : undefined,
          newPassword: passwordMistake(newPassword),
        })}
        onSubmit={submit}
      >
        <PasswordField
          name="currentPassword"
          label="Current password"
          autoComplete="current-password"
          required
        />
        <PasswordField
          name="newPassword"
          label="New password"
          hint={PASSWORD_RULE}
          autoComplete="new-password"
          required
        />
        <CheckField name="revokeOtherSessions" label="Sign out other devices" defaultChecked />
        <div>
          <Submit look="quiet">Change password</Submit>
        </div>
      </Form>
    </Card>
  );
}
