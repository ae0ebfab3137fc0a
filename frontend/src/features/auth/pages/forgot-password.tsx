// Requests an e-mail with a link for resetting the password.

import { useState } from "react";
import { TextLink } from "../../../components/ui/button";
import { EmailField } from "../../../components/ui/field";
import { Form, Submit, type Values } from "../../../components/ui/form";
import { t } from "../../../lib/i18n";
import { requestPasswordReset } from "../api/auth";
import { AuthCard } from "../components/auth-card";
import { guestText, keepGuestText } from "../model/guest-text";
import { emailMistake } from "../model/mistakes";

const check = ({ email = "" }: Values) => ({ email: emailMistake(email.trim()) });

export function ForgotPasswordPage() {
  const [sentTo, setSentTo] = useState<string>();

  async function submit({ email = "" }: Values) {
    await requestPasswordReset(email.trim());
    setSentTo(email.trim());
  }

  const footer = <TextLink to="/auth/signin">{t().auth.back}</TextLink>;
  if (sentTo) {
    return (
      <AuthCard
        key="sent"
        heading={t().auth.lookAtMail}
        intro={
          <>
            {t().auth.resetSentBefore} <strong className="wrap-anywhere text-ink">{sentTo}</strong>
            {t().auth.resetSentAfter}
          </>
        }
        footer={footer}
      />
    );
  }
  return (
    <AuthCard heading={t().auth.resetHeading} intro={t().auth.resetIntro} footer={footer}>
      <Form check={check} onSubmit={submit} onChange={keepGuestText}>
        <EmailField
          name="email"
          label={t().fields.email}
          autoComplete="username"
          defaultValue={guestText().email}
          required
        />
        <Submit>{t().auth.sendLink}</Submit>
      </Form>
    </AuthCard>
  );
}
