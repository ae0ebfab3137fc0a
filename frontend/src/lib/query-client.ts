// The cache of responses.

import { QueryClient } from "@tanstack/react-query";
import { isTemporary } from "./problem";

const RETRIES = 2;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // `navigator.onLine` is ignored, because the services may be on this machine.
      networkMode: "always",
      staleTime: 30_000,
      retry: (count, error) => count < RETRIES && isTemporary(error),
      retryDelay: (attempt) => 300 * 2 ** attempt,
    },
    mutations: { networkMode: "always" },
  },
});
