// Lists the user's sessions. The user can revoke all but the current one.

import { useCallback, useEffect, useState } from "react";

import { authClient } from "../lib/auth-client";

type Session = typeof authClient.$Infer.Session.session;

export function Devices({ current }: { current: string }) {
  const [sessions, setSessions] = useState<Session[]>([]);
  const [problem, setProblem] = useState<string>();

  const load = useCallback(async () => {
    const { data, error } = await authClient.listSessions();
    setSessions(data ?? []);
    setProblem(error?.message);
  }, []);
  useEffect(() => void load(), [load]);

  async function revoke(token: string) {
    const { error } = await authClient.revokeSession({ token });
    if (error) setProblem(error.message);
    else await load();
  }

  return (
    <section>
      <h2>Devices</h2>
      {problem !== undefined && <p role="alert">{problem}</p>}
      <ul aria-label="Devices">
        {sessions.map(({ id, token, userAgent, createdAt }) => (
          <li key={id}>
            {userAgent || "unknown"}, since {createdAt.toLocaleString()}
            {id === current ? <b>this device</b> : <button onClick={() => revoke(token)}>Revoke</button>}
          </li>
        ))}
      </ul>
    </section>
  );
}
