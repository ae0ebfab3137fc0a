// The sign-in page.

import { useLocation } from "react-router";
import { TextLink } from "../../../components/ui/button";
import { CheckField, EmailField, PasswordField } from "../../../components/ui/field";
import { Form, Submit, type Values } from "../../../components/ui/form";
import { t } from "../../../lib/i18n";
import { signIn } from "../api/auth";
import { AuthCard } from "../components/auth-card";
import { guestText, keepGuestText } from "../model/guest-text";
import { emailMistake } from "../model/mistakes";
import { useGuestState } from "./guests-only";

const check = ({ email = "", password = "" }: Values) => ({
  email: emailMistake(email.trim()),
  password: password === "" ? t().fields.needsPassword : undefined,
});

const submit = ({ email = "", password = "", rememberMe }: Values) =>
  signIn({ email: email.trim(), password, rememberMe: rememberMe !== undefined });

export function SignInPage() {
  const { isEnded, message } = useGuestState();
  const { state } = useLocation();
  const ended = isEnded ? t().auth.ended : undefined;
  return (
    <AuthCard
      heading={t().auth.signIn}
      intro={message ?? ended ?? t().auth.welcome}
      footer={
        <>
          {t().auth.newHere}{" "}
          <TextLink to="/auth/signup" state={state}>
            {t().auth.create}
          </TextLink>
        </>
      }
    >
      <Form
        check={check}
        onSubmit={submit}
        onChange={keepGuestText}
        offer={({ code }) =>
          code === "EMAIL_NOT_VERIFIED" && (
            <p className="mt-1">
              <TextLink to="/auth/verify-email">{t().auth.sendAgain}</TextLink>
            </p>
          )
        }
      >
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
          autoComplete="current-password"
          required
        />
        <div className="-mt-2 flex flex-wrap items-center justify-between gap-x-4">
          <CheckField name="rememberMe" label={t().auth.remember} defaultChecked />
          <TextLink to="/auth/forgot-password">{t().auth.forgot}</TextLink>
        </div>
        <Submit>{t().auth.signIn}</Submit>
      </Form>
    </AuthCard>
  );
}
