// Asking for a mail with a link to a new password.

import { useState } from "react";
import { AuthCard } from "../components/auth-card";
import { TextLink } from "../components/button";
import { EmailField } from "../components/field";
import { Form, Submit, type Values } from "../components/form";
import { requestPasswordReset } from "../lib/auth";
import { emailMistake } from "../lib/password";

const check = ({ email = "" }: Values) => ({ email: emailMistake(email.trim()) });

export function ForgotPasswordPage() {
  const [sentTo, setSentTo] = useState<string>();

  async function submit({ email = "" }: Values) {
    const problem = await requestPasswordReset(email.trim());
    if (!problem) setSentTo(email.trim());
    return problem;
  }

  const footer = <TextLink to="/auth/signin">Back to sign-in</TextLink>;
  if (sentTo) {
    return (
      <AuthCard
        key="sent"
        heading="Look at your mail"
        intro={
          <>
            If there is an account for <strong className="wrap-anywhere text-ink">{sentTo}</strong>,
            a mail with a link is on its way. The link is good for one hour.
          </>
        }
        footer={footer}
      />
    );
  }
  return (
    <AuthCard
      heading="Reset your password"
      intro="Tell us your address, and we mail you a link to choose a new one."
      footer={footer}
    >
      <Form check={check} onSubmit={submit}>
        <EmailField name="email" label="E-mail" autoComplete="username" required />
        <Submit>Send me a link</Submit>
      </Form>
    </AuthCard>
  );
}
