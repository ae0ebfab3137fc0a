// Sets a new password with the token from a link in an e-mail.

import { useEffect, useState } from "react";
import { useLocation, useNavigate, useSearchParams } from "react-router";
import { ButtonLink, TextLink } from "../../../components/ui/button";
import { PasswordField } from "../../../components/ui/field";
import { Form, Submit, type Values } from "../../../components/ui/form";
import { t } from "../../../lib/i18n";
import { PASSWORD_MIN } from "../../../lib/limits";
import { resetPassword } from "../api/auth";
import { explainLink } from "../api/auth-problem";
import { AuthCard } from "../components/auth-card";
import { passwordMistake } from "../model/mistakes";

const check = ({ newPassword = "" }: Values) => ({ newPassword: passwordMistake(newPassword) });

export function ResetPasswordPage() {
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const { state } = useLocation();
  const kept = (state as { token?: string } | null)?.token;
  const [token] = useState(() => search.get("token") ?? kept);
  const [error] = useState(() => search.get("error"));

  // Removes the token from the URL, but keeps it in the history entry, so that a reload works.
  useEffect(() => {
    if (search.has("token")) setSearch({}, { replace: true, state: { token } });
  }, [search, setSearch, token]);

  async function submit({ newPassword = "" }: Values) {
    await resetPassword(newPassword, token ?? "");
    const message = t().auth.passwordChanged;
    await navigate("/auth/signin", { replace: true, state: { message } });
  }

  const again = <TextLink to="/auth/forgot-password">{t().auth.newLink}</TextLink>;
  if (error || !token) {
    return (
      <AuthCard heading={t().auth.badLink} intro={explainLink(error ?? "INVALID_TOKEN")}>
        <ButtonLink to="/auth/forgot-password" className="w-full">
          {t().auth.newLink}
        </ButtonLink>
      </AuthCard>
    );
  }
  return (
    <AuthCard heading={t().auth.chooseHeading} footer={again}>
      <Form check={check} onSubmit={submit}>
        <PasswordField
          name="newPassword"
          label={t().fields.newPassword}
          hint={t().fields.passwordRule(PASSWORD_MIN)}
          autoComplete="new-password"
          required
        />
        <Submit>{t().auth.changePassword}</Submit>
      </Form>
    </AuthCard>
  );
}
