// Where the links of verification mails lead, and where another mail can be asked for.

import { useState } from "react";
import { useSearchParams } from "react-router";
import { AuthCard } from "../components/auth-card";
import { ButtonLink, TextLink } from "../components/button";
import { EmailField } from "../components/field";
import { Form, Submit, type Values } from "../components/form";
import { sendVerificationMail } from "../lib/auth";
import { explainLink } from "../lib/auth-problem";
import { emailMistake } from "../lib/password";
import { useSession } from "../lib/session";
import { useArrival } from "./guests-only";

const check = ({ email = "" }: Values) => ({ email: emailMistake(email.trim()) });

export function VerifyEmailPage() {
  const [search] = useSearchParams();
  const error = search.get("error");
  const session = useSession();
  const { email: signedUp } = useArrival();
  const [sentTo, setSentTo] = useState(signedUp);

  async function submit({ email = "" }: Values) {
    const problem = await sendVerificationMail(email.trim());
    if (!problem) setSentTo(email.trim());
    return problem;
  }

  const person = session.state === "somebody" ? session.person : undefined;
  const onward = person ? (
    <TextLink to="/tasks">Go to your tasks</TextLink>
  ) : (
    <TextLink to="/auth/signin">Back to sign-in</TextLink>
  );
  if (sentTo) {
    return (
      <AuthCard
        key="sent"
        heading="Look at your mail"
        intro={
          <>
            Open the link in the mail to{" "}
            <strong className="wrap-anywhere text-ink">{sentTo}</strong> to verify your address.
          </>
        }
        footer={onward}
      />
    );
  }
  if (!error && (search.has("verified") || person?.isVerified)) {
    return (
      <AuthCard key="done" heading="Your address is verified" intro="Thank you. That was all.">
        <ButtonLink to={person ? "/tasks" : "/auth/signin"} className="w-full">
          {person ? "Go to your tasks" : "Sign in"}
        </ButtonLink>
      </AuthCard>
    );
  }
  const intro = error
    ? explainLink(error)
    : "Open the link in the mail that we sent you. If there was none, we can send another.";
  return (
    <AuthCard
      heading={error ? "This link does not work" : "Verify your address"}
      intro={intro}
      footer={onward}
    >
      <Form key={person?.email} check={check} onSubmit={submit}>
        <EmailField
          name="email"
          label="E-mail"
          autoComplete="username"
          defaultValue={person?.email}
          required
        />
        <Submit look={error ? "main" : "quiet"}>Send me a link</Submit>
      </Form>
    </AuthCard>
  );
}
