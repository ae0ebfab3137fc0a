// The home page: the signed-in user, and the token for other services.

import { decodeJwt } from "jose";
import { useState } from "react";
import { Link } from "react-router";

import { authClient } from "../lib/auth-client";

export function Home() {
  const { data: session, isPending, error } = authClient.useSession();
  if (isPending) return <p>Loading…</p>;
  if (error) return <p role="alert">{error.message}</p>;
  if (!session) {
    return (
      <>
        <h1>You are signed out</h1>
        <Link to="/sign-in">Sign in</Link> or <Link to="/sign-up">sign up</Link>
      </>
    );
  }
  return (
    <>
      <h1>Hello, {session.user.name}</h1>
      <p>
        Your address is <b>{session.user.email}</b>. You are a member since{" "}
        {session.user.createdAt.toLocaleDateString()}.
      </p>
      <Token />
    </>
  );
}

function Token() {
  const [token, setToken] = useState<string>();
  const [problem, setProblem] = useState<string>();

  async function show() {
    const { data, error } = await authClient.token();
    setToken(data?.token);
    setProblem(error?.message);
  }

  return (
    <section>
      <button onClick={show}>Show token</button>
      {problem !== undefined && <p role="alert">{problem}</p>}
      {token !== undefined && (
        <>
          <p>
            <code aria-label="Token">{token}</code>
          </p>
          <pre aria-label="Claims">{JSON.stringify(decodeJwt(token), null, 2)}</pre>
        </>
      )}
    </section>
  );
}
