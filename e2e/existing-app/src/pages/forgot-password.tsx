// Requests an e-mail with a link for resetting the password.

import { Field, Form } from "../components/form";
import { authClient } from "../lib/auth-client";

export function ForgotPassword() {
  return (
    <Form
      title="Send me a link"
      success="If there is such an account, a mail is on its way."
      submit={({ email = "" }) =>
        authClient.requestPasswordReset({ email, redirectTo: `${window.location.origin}/reset-password` })
      }
    >
      <Field label="E-mail" name="email" type="email" autoComplete="email" required />
    </Form>
  );
}
