// Signing in.

import { useLocation } from "react-router";
import { AuthCard } from "../components/auth-card";
import { TextLink } from "../components/button";
import { CheckField, EmailField, PasswordField } from "../components/field";
import { Form, Submit, type Values } from "../components/form";
import { signIn } from "../lib/auth";
import { emailMistake } from "../lib/password";
import { useArrival } from "./guests-only";

const check = ({ email = "", password = "" }: Values) => ({
  email: emailMistake(email.trim()),
  password: password === "" ? "Enter your password." : undefined,
});

const submit = ({ email = "", password = "", rememberMe }: Values) =>
  signIn({ email: email.trim(), password, rememberMe: rememberMe !== undefined });

export function SignInPage() {
  const { isEnded, message, email } = useArrival();
  const { state } = useLocation();
  const ended = isEnded ? "You were signed out. Sign in to go on where you were." : undefined;
  return (
    <AuthCard
      heading="Sign in"
      intro={message ?? ended ?? "Welcome back."}
      footer={
        <>
          New here?{" "}
          <TextLink to="/auth/signup" state={state}>
            Create an account
          </TextLink>
        </>
      }
    >
      <Form
        check={check}
        onSubmit={submit}
        offer={({ code }) =>
          code === "EMAIL_NOT_VERIFIED" && (
            <p className="mt-1">
              <TextLink to="/auth/verify-email">Send the mail again</TextLink>
            </p>
          )
        }
      >
        <EmailField
          name="email"
          label="E-mail"
          autoComplete="username"
          defaultValue={email}
          required
        />
        <PasswordField name="password" label="Password" autoComplete="current-password" required />
        <div className="-mt-2 flex flex-wrap items-center justify-between gap-x-4">
          <CheckField name="rememberMe" label="Keep me signed in" defaultChecked />
          <TextLink to="/auth/forgot-password">Forgot password?</TextLink>
        </div>
        <Submit>Sign in</Submit>
      </Form>
    </AuthCard>
  );
}
