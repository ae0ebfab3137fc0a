// The sign-in page, with an option to stay signed in.

import { Link } from "react-router";

import { Field, Form } from "../components/form";
import { authClient } from "../lib/auth-client";

export function SignIn() {
  return (
    <>
      <Form
        title="Sign in"
        submit={({ email = "", password = "", rememberMe }) =>
          authClient.signIn.email({ email, password, rememberMe: rememberMe === "on", callbackURL: "/" })
        }
      >
        <Field label="E-mail" name="email" type="email" autoComplete="email" required />
        <Field label="Password" name="password" type="password" autoComplete="current-password" required />
        <Field label="Remember me" name="rememberMe" type="checkbox" defaultChecked />
      </Form>
      <Link to="/forgot-password">I forgot my password</Link>
    </>
  );
}
