// Target of the link in a password reset e-mail: sets a new password.

import { useNavigate, useSearchParams } from "react-router";

import { Field, Form } from "../components/form";
import { authClient } from "../lib/auth-client";

export function ResetPassword() {
  const navigate = useNavigate();
  const [search] = useSearchParams();
  const token = search.get("token");
  if (token === null) return <p role="alert">This link is no longer valid: {search.get("error")}</p>;
  return (
    <Form
      title="Set password"
      submit={({ password = "" }) =>
        authClient.resetPassword(
          { newPassword: password, token },
          { onSuccess: () => navigate("/sign-in") },
        )
      }
    >
      <Field label="New password" name="password" type="password" autoComplete="new-password" required />
    </Form>
  );
}
