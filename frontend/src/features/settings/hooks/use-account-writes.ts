// Writes to the account. They share a scope, so that they are sent one after the other.

import { mutationOptions, useIsMutating, useMutation } from "@tanstack/react-query";
import { t } from "../../../lib/i18n";
import { notices } from "../../../lib/notices";
import { ProblemError } from "../../../lib/problem";
import { keys } from "../../../lib/query-keys";
import {
  changeEmail,
  changeName,
  changePassword,
  deleteAccount,
  getSession,
  LostResponse,
  lookAgain,
  revokeDevice,
  revokeOtherDevices,
  sendVerificationMail,
} from "../../auth/api/auth";
import { lookAtDevices } from "./use-devices";

const write = <Input, Output>(name: string, mutationFn: (input: Input) => Promise<Output>) =>
  mutationOptions({ mutationKey: keys.accountWrite(name), mutationFn, scope: { id: "account" } });

/** Returns whether a write with this name is in flight, even one started on an earlier visit. */
export const useIsWriting = (name: string): boolean =>
  useIsMutating({ mutationKey: keys.accountWrite(name) }) > 0;

export const useChangeName = () => useMutation(write("name", changeName));
export const useChangeEmail = () => useMutation(write("email", changeEmail));
export const useSendVerificationMail = () => useMutation(write("verify", sendVerificationMail));
export const useDeleteAccount = () => useMutation(write("delete", deleteForGood));

interface Deletion {
  password: string;
  /** Called if the response is lost. If the session ends after that, the account was deleted. */
  onLost(): void;
  /** Called if the session cannot be fetched after that, so that the outcome is unknown. */
  onUnknown(): void;
}

/**
 * Deletes the account. If the response is lost, waits until the session can be fetched, which shows
 * whether the account was deleted.
 */
async function deleteForGood(deletion: Deletion): Promise<{ isGone: boolean }> {
  const { password, onLost, onUnknown } = deletion;
  try {
    return await deleteAccount(password);
  } catch (error) {
    if (!(error instanceof LostResponse)) throw error;
    onLost();
    if (await hasSession(onUnknown)) {
      const message = t().settings.notDeleted;
      // The user may have left the form in the meantime.
      notices.show({ kind: "problem", text: message });
      throw new ProblemError({ ...error.problem, message });
    }
    lookAgain();
    return { isGone: true };
  }
}

/** Milliseconds between attempts to reach the service. */
const PAUSE = 3_000;

async function hasSession(onUnknown: () => void): Promise<boolean> {
  for (;;) {
    try {
      return (await getSession()) !== null;
    } catch {
      onUnknown();
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}

/** Changes the password, and on request ends the sessions on all other devices. */
export const useChangePassword = () =>
  useMutation({ ...write("password", changePassword), onSuccess: lookAtDevices });

/** Ends the session with the given token or, without a token, the sessions on all other devices. */
export const useRevokeDevices = () =>
  useMutation({ ...write("revoke", revoke), onSettled: lookAtDevices });

const revoke = (token?: string) =>
  token === undefined ? revokeOtherDevices() : revokeDevice(token);
