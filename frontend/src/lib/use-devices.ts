// The devices on which a person is signed in.

import { useMutation, useQuery } from "@tanstack/react-query";
import { listDevices, revokeDevice } from "./auth";
import { notices } from "./notices";
import { problemOf } from "./problem";
import { queryClient } from "./session";

const DEVICES = ["devices"];

export function useDevices() {
  return useQuery({ queryKey: DEVICES, queryFn: listDevices, staleTime: 0 });
}

export function useRevokeDevice() {
  return useMutation({
    mutationFn: revokeDevice,
    onError: (error) => {
      notices.show({ kind: "problem", text: `Nobody was signed out. ${problemOf(error).message}` });
    },
    onSettled: lookAtDevices,
  });
}

/** After something that may have ended sessions. */
export function lookAtDevices(): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: DEVICES });
}
