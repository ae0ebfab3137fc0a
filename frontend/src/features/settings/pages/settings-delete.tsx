// Deletes the account after confirmation with the password and, in some deployments, by e-mail.

import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { Button } from "../../../components/ui/button";
import { Card } from "../../../components/ui/card";
import { PasswordField, Username } from "../../../components/ui/field";
import { Form, Submit, type Values } from "../../../components/ui/form";
import { ProblemMessage } from "../../../components/ui/problem-message";
import { config } from "../../../lib/config";
import { t } from "../../../lib/i18n";
import { notices } from "../../../lib/notices";
import { unreachable } from "../../../lib/problem";
import { keys } from "../../../lib/query-keys";
import type { Membership } from "../../auth/hooks/use-membership";
import { useDeleteAccount } from "../hooks/use-account-writes";

interface Props extends Pick<Membership, "whenEnded"> {
  email: string;
}

export function DeleteAccount({ email, whenEnded }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const deletion = useDeleteAccount();
  const [isUnknown, setUnknown] = useState(false);
  const { data } = useQuery({ queryKey: keys.config, queryFn: config });

  async function submit({ password = "" }: Values) {
    const leave = () => whenEnded(t().settings.deleted, true);
    try {
      const onUnknown = () => setUnknown(true);
      const { isGone } = await deletion.mutateAsync({ password, onLost: leave, onUnknown });
      dialog.current?.close();
      if (isGone) return leave();
      notices.show({ kind: "info", text: t().settings.deleteMailed });
    } catch (error) {
      whenEnded(undefined);
      throw error;
    } finally {
      setUnknown(false);
    }
  }

  const intro = data && t().settings.deleteIntro(data.deletesTasks);
  return (
    <Card heading={t().settings.delete} variant="danger" intro={intro}>
      <div>
        <Button variant="danger" onClick={() => dialog.current?.showModal()}>
          {t().settings.deleteOpen}
        </Button>
      </div>
      <dialog
        ref={dialog}
        onClose={() => dialog.current?.querySelector("form")?.reset()}
        aria-labelledby="delete-account"
        className="m-auto w-[calc(100%-2rem)] max-w-md rounded-3xl border border-line bg-surface p-6 text-ink shadow-card backdrop:bg-black/50 sm:p-8"
      >
        <h2 id="delete-account" className="text-xl font-semibold">
          {t().settings.deleteHeading}
        </h2>
        <p className="mt-2 mb-6 text-muted">{t().settings.deleteText}</p>
        <Form
          check={({ password = "" }) => ({
            password: password === "" ? t().fields.needsPassword : undefined,
          })}
          onSubmit={submit}
        >
          <Username email={email} />
          <PasswordField
            name="password"
            label={t().fields.password}
            autoComplete="current-password"
            required
          />
          {isUnknown && <ProblemMessage problem={unreachable(t().settings.deleteUnknown)} />}
          <div className="flex flex-wrap justify-end gap-3">
            <Button variant="quiet" onClick={() => dialog.current?.close()}>
              {t().settings.keep}
            </Button>
            <Submit variant="danger">{t().settings.deleteAction}</Submit>
          </div>
        </Form>
      </dialog>
    </Card>
  );
}
