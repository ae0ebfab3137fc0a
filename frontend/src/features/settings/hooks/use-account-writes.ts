// Writes to the account. They share a scope, so that they are sent one after the other.

import { mutationOptions, useIsMutating, useMutation } from "@tanstack/react-query";
import { keys } from "../../../lib/query-keys";
import {
  changeEmail,
  changeName,
  changePassword,
  deleteAccount,
  revokeDevice,
  revokeOtherDevices,
  sendVerificationMail,
} from "../../auth/api/auth";
import { lookAtDevices } from "./use-devices";

const write = <Input, Output>(name: string, mutationFn: (input: Input) => Promise<Output>) =>
  mutationOptions({ mutationKey: keys.accountWrite(name), mutationFn, scope: { id: "account" } });

/** Returns whether a write with this name is in flight, even one from an earlier visit. */
export const useIsWriting = (name: string): boolean =>
  useIsMutating({ mutationKey: keys.accountWrite(name) }) > 0;

export const useChangeName = () => useMutation(write("name", changeName));
export const useChangeEmail = () => useMutation(write("email", changeEmail));
export const useSendVerificationMail = () => useMutation(write("verify", sendVerificationMail));
export const useDeleteAccount = () => useMutation(write("delete", deleteAccount));

/** Changes the password, and on request ends the sessions on all other devices. */
export const useChangePassword = () =>
  useMutation({ ...write("password", changePassword), onSuccess: lookAtDevices });

/** Ends the session with the given token or, without a token, the sessions on all other devices. */
export const useRevokeDevices = () =>
  useMutation({ ...write("revoke", revoke), onSettled: lookAtDevices });

const revoke = (token?: string) =>
  token === undefined ? revokeOtherDevices() : revokeDevice(token);
