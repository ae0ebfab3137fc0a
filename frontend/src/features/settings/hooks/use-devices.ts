// The devices on which the user is signed in.

import { useQuery } from "@tanstack/react-query";
import { queryClient } from "../../../lib/query-client";
import { keys } from "../../../lib/query-keys";
import { listDevices } from "../../auth/api/auth";

/** Milliseconds between attempts to fetch the devices after a failure. */
const HEAL_EVERY = 3_000;

export function useDevices() {
  return useQuery({
    queryKey: keys.devices,
    queryFn: listDevices,
    staleTime: 0,
    refetchInterval: ({ state }) => (state.status === "error" ? HEAL_EVERY : false),
  });
}

/** Refetches the devices after an action that may have ended sessions. */
export function lookAtDevices(): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: keys.devices });
}
