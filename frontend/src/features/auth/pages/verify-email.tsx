// Page to which auth-service redirects from the links in verification e-mails. Users can also request
// such an e-mail here.

import { useState } from "react";
import { useSearchParams } from "react-router";
import { ButtonLink, TextLink } from "../../../components/ui/button";
import { EmailField } from "../../../components/ui/field";
import { Form, Submit, type Values } from "../../../components/ui/form";
import { t } from "../../../lib/i18n";
import { sendVerificationMail } from "../api/auth";
import { explainLink } from "../api/auth-problem";
import { AuthCard } from "../components/auth-card";
import { useSession } from "../hooks/use-session";
import { guestText, keepGuestText } from "../model/guest-text";
import { emailMistake } from "../model/mistakes";
import { useGuestState } from "./guests-only";

const check = ({ email = "" }: Values) => ({ email: emailMistake(email.trim()) });

export function VerifyEmailPage() {
  const [search] = useSearchParams();
  const error = search.get("error");
  const session = useSession();
  const { email: signedUp } = useGuestState();
  const [sentTo, setSentTo] = useState(signedUp);

  async function submit({ email = "" }: Values) {
    await sendVerificationMail(email.trim());
    setSentTo(email.trim());
  }

  // Until the session is loaded, it is unknown whether the address is verified.
  if (session.state === "loading" && search.has("verified")) return null;
  const person = session.state === "somebody" ? session.person : undefined;
  const onward = person ? (
    <TextLink to="/tasks">{t().auth.toTasks}</TextLink>
  ) : (
    <TextLink to="/auth/signin">{t().auth.back}</TextLink>
  );
  if (sentTo) {
    return (
      <AuthCard
        key="sent"
        heading={t().auth.lookAtMail}
        intro={
          <>
            {t().auth.verifySentBefore} <strong className="wrap-anywhere text-ink">{sentTo}</strong>{" "}
            {t().auth.verifySentAfter}
          </>
        }
        footer={onward}
      />
    );
  }
  // For a signed-in user, only the session counts: the link may have been for another user.
  const isVerified = person ? person.isVerified : search.has("verified");
  if (!error && isVerified) {
    return (
      <AuthCard key="done" heading={t().auth.verified} intro={t().auth.verifiedText}>
        <ButtonLink to={person ? "/tasks" : "/auth/signin"} className="w-full">
          {person ? t().auth.toTasks : t().auth.signIn}
        </ButtonLink>
      </AuthCard>
    );
  }
  const intro = error ? explainLink(error) : t().auth.verifyIntro;
  return (
    <AuthCard
      heading={error ? t().auth.badLink : t().auth.verifyHeading}
      intro={intro}
      footer={onward}
    >
      <Form check={check} onSubmit={submit} onChange={keepGuestText}>
        <EmailField
          name="email"
          label={t().fields.email}
          autoComplete="username"
          defaultValue={guestText().email ?? person?.email}
          required
        />
        <Submit variant={error ? "main" : "quiet"}>{t().auth.sendLink}</Submit>
      </Form>
    </AuthCard>
  );
}
