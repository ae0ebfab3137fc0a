// The sign-up page.

import { useState } from "react";
import { useLocation, useNavigate } from "react-router";
import { TextLink } from "../../../components/ui/button";
import { EmailField, Field, PasswordField } from "../../../components/ui/field";
import { Form, Submit, type Values } from "../../../components/ui/form";
import { t } from "../../../lib/i18n";
import { PASSWORD_MIN } from "../../../lib/limits";
import { problemOf } from "../../../lib/problem";
import { signUp } from "../api/auth";
import { AuthCard } from "../components/auth-card";
import { guestText, keepGuestText } from "../model/guest-text";
import { emailMistake, nameMistake, passwordMistake } from "../model/mistakes";

/** Error codes of auth-service for an address that already belongs to an account. */
const TAKEN = new Set(["USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "FAILED_TO_CREATE_USER"]);

const check = ({ name = "", email = "", password = "" }: Values) => ({
  name: nameMistake(name, t().fields.needsAnyName),
  email: emailMistake(email.trim()),
  password: passwordMistake(password),
});

export function SignUpPage() {
  const navigate = useNavigate();
  const { state } = useLocation();
  const [taken, setTaken] = useState<string>();

  async function submit({ name = "", email = "", password = "" }: Values) {
    const account = { name: name.trim(), email: email.trim(), password };
    try {
      const { isSignedIn } = await signUp(account);
      if (!isSignedIn) await navigate("/auth/verify-email", { state: { email: account.email } });
    } catch (error) {
      if (TAKEN.has(problemOf(error).code ?? "")) setTaken(account.email);
      throw error;
    }
  }

  return (
    <AuthCard
      heading={t().auth.create}
      intro={t().auth.createIntro}
      footer={
        <>
          {t().auth.haveAccount}{" "}
          <TextLink to="/auth/signin" state={state}>
            {taken ? t().auth.signInAs(taken) : t().auth.signIn}
          </TextLink>
        </>
      }
    >
      <Form check={check} onSubmit={submit} onChange={keepGuestText}>
        <Field
          name="name"
          label={t().fields.name}
          dir="auto"
          autoComplete="name"
          defaultValue={guestText().name}
          required
        />
        <EmailField
          name="email"
          label={t().fields.email}
          autoComplete="username"
          defaultValue={guestText().email}
          required
        />
        <PasswordField
          name="password"
          label={t().fields.password}
          hint={t().fields.passwordRule(PASSWORD_MIN)}
          autoComplete="new-password"
          required
        />
        <Submit>{t().auth.createAction}</Submit>
      </Form>
    </AuthCard>
  );
}
