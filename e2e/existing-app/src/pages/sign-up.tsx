// The sign-up page. Signing up also signs the user in.

import { Link, useNavigate } from "react-router";

import { Field, Form } from "../components/form";
import { authClient } from "../lib/auth-client";

export function SignUp() {
  const navigate = useNavigate();
  return (
    <>
      <Form
        title="Sign up"
        submit={({ name = "", email = "", password = "" }) =>
          authClient.signUp.email({ name, email, password }, { onSuccess: () => navigate("/") })
        }
      >
        <Field label="Name" name="name" autoComplete="name" required />
        <Field label="E-mail" name="email" type="email" autoComplete="email" required />
        <Field label="Password" name="password" type="password" autoComplete="new-password" required />
      </Form>
      <Link to="/sign-in">I have an account</Link>
    </>
  );
}
