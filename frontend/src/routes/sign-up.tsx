// Making an account.

import { useLocation, useNavigate } from "react-router";
import { AuthCard } from "../components/auth-card";
import { TextLink } from "../components/button";
import { EmailField, Field, PasswordField } from "../components/field";
import { Form, Submit, type Values } from "../components/form";
import { signUp } from "../lib/auth";
import { emailMistake, PASSWORD_RULE, passwordMistake } from "../lib/password";

const check = ({ name = "", email = "", password = "" }: Values) => ({
  name: name.trim() === "" ? "Enter a name; any will do." : undefined,
  email: emailMistake(email.trim()),
  password: passwordMistake(password),
});

export function SignUpPage() {
  const navigate = useNavigate();
  const { state } = useLocation();

  async function submit({ name = "", email = "", password = "" }: Values) {
    const account = { name: name.trim(), email: email.trim(), password };
    const outcome = await signUp(account);
    if (!("isSignedIn" in outcome)) return outcome;
    if (!outcome.isSignedIn) {
      await navigate("/auth/verify-email", { state: { email: account.email } });
    }
    return undefined;
  }

  return (
    <AuthCard
      heading="Create an account"
      intro="Your tasks, on all your devices, seen by nobody else."
      footer={
        <>
          Have an account already?{" "}
          <TextLink to="/auth/signin" state={state}>
            Sign in
          </TextLink>
        </>
      }
    >
      <Form check={check} onSubmit={submit}>
        <Field name="name" label="Name" autoComplete="name" required />
        <EmailField name="email" label="E-mail" autoComplete="username" required />
        <PasswordField
          name="password"
          label="Password"
          hint={PASSWORD_RULE}
          autoComplete="new-password"
          required
        />
        <Submit>Create account</Submit>
      </Form>
    </AuthCard>
  );
}
