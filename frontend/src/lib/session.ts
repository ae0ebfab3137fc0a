// Who is signed in, for the whole page: what belongs to somebody else is forgotten at once.

import { QueryClient } from "@tanstack/react-query";
import { useSession as useAuthSession, watchUser } from "./auth";
import { isPassing } from "./problem";
import { tokens } from "./tasks";

const RETRIES = 2;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      retry: (count, error) => count < RETRIES && isPassing(error),
      retryDelay: (attempt) => 300 * 2 ** attempt,
    },
  },
});

watchUser((userId) => {
  tokens.own(userId);
  queryClient.clear();
});

export interface Person {
  id: string;
  name: string;
  email: string;
  isVerified: boolean;
}

export type Session =
  | { state: "loading" | "nobody" }
  | { state: "unreachable"; retry(): void }
  | { state: "somebody"; person: Person; token: string };

export function useSession(): Session {
  const { data, error, isPending, refetch } = useAuthSession();
  if (data) {
    const { id, name, email, emailVerified: isVerified } = data.user;
    return {
      state: "somebody",
      person: { id, name, email, isVerified },
      token: data.session.token,
    };
  }
  if (isPending) return { state: "loading" };
  if (error && error.status !== 401) return { state: "unreachable", retry: () => void refetch() };
  return { state: "nobody" };
}
