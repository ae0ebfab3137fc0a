// Settings: profile, address, password, devices, appearance, and deletion of the account.

import { useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { Button } from "../../../components/ui/button";
import { Card } from "../../../components/ui/card";
import {
  CheckField,
  EmailField,
  Field,
  PasswordField,
  Username,
} from "../../../components/ui/field";
import { Form, Submit, type Values } from "../../../components/ui/form";
import { Heading } from "../../../components/ui/heading";
import { Restored } from "../../../components/ui/restored";
import { t } from "../../../lib/i18n";
import { PASSWORD_MIN } from "../../../lib/limits";
import { notices } from "../../../lib/notices";
import { ProblemError, problemOf } from "../../../lib/problem";
import { LostResponse, lookAgain } from "../../auth/api/auth";
import { explainLink } from "../../auth/api/auth-problem";
import { type Membership, useMembership } from "../../auth/hooks/use-membership";
import type { Person } from "../../auth/hooks/use-session";
import { emailMistake, nameMistake, passwordMistake } from "../../auth/model/mistakes";
import {
  useChangeEmail,
  useChangeName,
  useChangePassword,
  useIsWriting,
  useSendVerificationMail,
} from "../hooks/use-account-writes";
import { useFieldDraft } from "../hooks/use-field-draft";
import { Appearance } from "./settings-appearance";
import { DeleteAccount } from "./settings-delete";
import { Devices } from "./settings-devices";

const say = (text: string) => notices.show({ kind: "info", text });

export function SettingsPage() {
  const { person, session, whenEnded } = useMembership();
  const [search] = useSearchParams();
  const error = search.get("error");
  return (
    <div className="grid gap-6">
      <Heading>{t().settings.heading}</Heading>
      {error && (
        <p role="alert" className="rounded-xl bg-danger-tint px-4 py-3 text-danger">
          {explainLink(error)}
        </p>
      )}
      <Name person={person} />
      <Address person={person} />
      <Password email={person.email} whenEnded={whenEnded} />
      <Devices session={session} />
      <Appearance />
      <DeleteAccount email={person.email} whenEnded={whenEnded} />
    </div>
  );
}

function Name({ person }: { person: Person }) {
  const change = useChangeName();
  const isSaving = useIsWriting("name");
  const draft = useFieldDraft("name", isSaving ? undefined : person.name);

  async function submit({ name = "" }: Values) {
    await change.mutateAsync(name.trim());
    // The session contains the previous name until it is fetched again, so the new name is passed.
    draft.saved(name, name.trim());
    say(t().settings.nameChanged);
  }

  /**
   * Returns whether a name needs no draft. While another name is being saved, and until the new
   * session is fetched, every name needs one, even the previous name.
   */
  function isSaved(name: string) {
    const saved = change.isIdle || change.isError ? person.name : change.variables;
    return name === saved && name === person.name;
  }

  return (
    <Card heading={t().settings.profile}>
      <Form
        check={({ name = "" }) => ({ name: nameMistake(name, t().fields.needsName) })}
        onChange={({ name = "" }) => draft.keep(isSaved(name) ? undefined : name)}
        onSubmit={submit}
      >
        {draft.isRestored && !isSaving && <Restored onDiscard={() => draft.keep(undefined)} />}
        <Field
          name="name"
          label={t().fields.name}
          dir="auto"
          autoComplete="name"
          defaultValue={draft.text ?? person.name}
          required
        />
        <div>
          <Submit variant="quiet">{t().settings.saveName}</Submit>
        </div>
      </Form>
    </Card>
  );
}

function Address({ person: { email, isVerified } }: { person: Person }) {
  const [sentTo, setSentTo] = useState<string>();
  const change = useChangeEmail();
  const verification = useSendVerificationMail();
  const isSending = useIsWriting("email");
  const draft = useFieldDraft("newEmail");
  const navigate = useNavigate();

  async function submit({ newEmail = "" }: Values) {
    await change.mutateAsync(newEmail.trim());
    setSentTo(newEmail.trim());
    draft.saved(newEmail);
  }

  function verify() {
    if (verification.isPending) return;
    verification.mutate(email, {
      onSuccess: () => void navigate("/auth/verify-email", { state: { email } }),
      onError: (error) => notices.show({ kind: "problem", text: problemOf(error).message }),
    });
  }

  return (
    <Card heading={t().settings.email}>
      <p className="text-muted">
        <strong className="font-medium wrap-anywhere text-ink">{email}</strong>{" "}
        {isVerified ? t().settings.isVerified : t().settings.isNotVerified}
      </p>
      {!isVerified && (
        <div>
          <Button variant="quiet" aria-disabled={verification.isPending} onClick={verify}>
            {t().settings.verify}
          </Button>
        </div>
      )}
      <Form
        check={({ newEmail = "" }) => ({ newEmail: emailMistake(newEmail.trim()) })}
        onChange={({ newEmail = "" }) => draft.keep(newEmail === "" ? undefined : newEmail)}
        onSubmit={submit}
      >
        {draft.isRestored && !isSending && <Restored onDiscard={() => draft.keep(undefined)} />}
        <EmailField
          name="newEmail"
          label={t().settings.newEmail}
          hint={t().settings.newEmailHint}
          autoComplete="email"
          defaultValue={draft.text ?? ""}
          required
        />
        {sentTo && sentTo.toLowerCase() !== email && (
          <p role="status" className="rounded-xl bg-tint px-4 py-3 wrap-anywhere">
            {t().settings.newEmailSent(sentTo)}
          </p>
        )}
        <div>
          <Submit variant="quiet">{t().settings.changeEmail}</Submit>
        </div>
      </Form>
    </Card>
  );
}

function Password({ email, whenEnded }: { email: string } & Pick<Membership, "whenEnded">) {
  const change = useChangePassword();

  async function submit(values: Values, form: HTMLFormElement) {
    const { currentPassword = "", newPassword = "", revokeOtherSessions } = values;
    const input = {
      currentPassword,
      newPassword,
      revokeOtherSessions: revokeOtherSessions !== undefined,
    };
    await change.mutateAsync(input).catch(explainLost);
    whenEnded(undefined);
    // The form is kept if another new password was typed during the request.
    if (new FormData(form).get("newPassword") === newPassword) form.reset();
    say(t().settings.passwordChanged);
  }

  /** Explains a lost response. It contained a new session cookie if it ended other sessions. */
  function explainLost(error: unknown): never {
    if (!(error instanceof LostResponse)) throw error;
    const message = t().settings.passwordUnknown;
    whenEnded(message);
    lookAgain();
    throw new ProblemError({ ...error.problem, message });
  }

  return (
    <Card heading={t().settings.password}>
      <Form
        check={({ currentPassword = "", newPassword = "" }) => ({
          currentPassword: currentPassword === "" ? t().fields.needsCurrentPassword : undefined,
          newPassword: passwordMistake(newPassword),
        })}
        onSubmit={submit}
      >
        <Username email={email} />
        <PasswordField
          name="currentPassword"
          label={t().settings.currentPassword}
          autoComplete="current-password"
          required
        />
        <PasswordField
          name="newPassword"
          label={t().settings.newPassword}
          hint={t().fields.passwordRule(PASSWORD_MIN)}
          autoComplete="new-password"
          required
        />
        <CheckField name="revokeOtherSessions" label={t().settings.signOutOthers} defaultChecked />
        <div>
          <Submit variant="quiet">{t().settings.changePassword}</Submit>
        </div>
      </Form>
    </Card>
  );
}
