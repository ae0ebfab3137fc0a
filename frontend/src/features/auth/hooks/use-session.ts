// The state of the session, and the signed-in user.

import { useCallback, useState } from "react";
import { useSession as useAuthSession } from "../api/auth";

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
  const [isUnreachable, setUnreachable] = useState(false);
  const retry = useCallback(() => void refetch(), [refetch]);
  const isRefused = !data && error !== null && error.status !== 401;
  // During a refetch, the previous state is kept.
  if (!isPending && isRefused !== isUnreachable) setUnreachable(isRefused);
  if (data) {
    const { id, name, email, emailVerified: isVerified } = data.user;
    return {
      state: "somebody",
      person: { id, name, email, isVerified },
      token: data.session.token,
    };
  }
  if (isRefused || (isPending && isUnreachable)) return { state: "unreachable", retry };
  return { state: isPending ? "loading" : "nobody" };
}
