// The devices on which the user is signed in.

import { useMutation, useQuery } from "@tanstack/react-query";
import { t } from "../../../lib/i18n";
import { notices } from "../../../lib/notices";
import { problemOf } from "../../../lib/problem";
import { queryClient } from "../../../lib/query-client";
import { keys } from "../../../lib/query-keys";
import { listDevices, revokeDevice, revokeOtherDevices } from "../../auth/api/auth";

export function useDevices() {
  return useQuery({ queryKey: keys.devices, queryFn: listDevices, staleTime: 0 });
}

/** Ends the session of a device, or of all other devices if none is given. */
export function useRevokeDevices() {
  return useMutation({
    mutationFn: (token?: string) =>
      token === undefined ? revokeOtherDevices() : revokeDevice(token),
    onError: (error) => {
      notices.show({
        kind: "problem",
        text: `${t().settings.notSignedOut} ${problemOf(error).message}`,
      });
    },
    onSettled: lookAtDevices,
  });
}

/** Refetches the devices after an action that may have ended sessions. */
export function lookAtDevices(): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: keys.devices });
}
