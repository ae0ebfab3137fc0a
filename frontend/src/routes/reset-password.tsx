// Choosing a new password, with the token of a mailed link.

import { useEffect, useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { AuthCard } from "../components/auth-card";
import { ButtonLink, TextLink } from "../components/button";
import { PasswordField } from "../components/field";
import { Form, Submit, type Values } from "../components/form";
import { resetPassword } from "../lib/auth";
import { explainLink } from "../lib/auth-problem";
import { PASSWORD_RULE, passwordMistake } from "../lib/password";

const check = ({ newPassword = "" }: Values) => ({ newPassword: passwordMistake(newPassword) });

export function ResetPasswordPage() {
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const [token] = useState(() => search.get("token"));
  const [error] = useState(() => search.get("error"));

  // Whoever looks over a shoulder or into the history finds no token there.
  useEffect(() => {
    if (search.has("token")) setSearch({}, { replace: true });
  }, [search, setSearch]);

  async function submit({ newPassword = "" }: Values) {
    const problem = await resetPassword(newPassword, token ?? "");
    if (!problem) {
      const message = "Your password is changed. Sign in with the new one.";
      await navigate("/auth/signin", { state: { message } });
    }
    return problem;
  }

  const again = <TextLink to="/auth/forgot-password">Ask for a new link</TextLink>;
  if (error || !token) {
    return (
      <AuthCard heading="This link does not work" intro={explainLink(error ?? "INVALID_TOKEN")}>
        <ButtonLink to="/auth/forgot-password" className="w-full">
          Ask for a new link
        </ButtonLink>
      </AuthCard>
    );
  }
  return (
    <AuthCard heading="Choose a new password" footer={again}>
      <Form check={check} onSubmit={submit}>
        <PasswordField
          name="newPassword"
          label="New password"
          hint={PASSWORD_RULE}
          autoComplete="new-password"
          required
        />
        <Submit>Change password</Submit>
      </Form>
    </AuthCard>
  );
}
