// The page header: links, the name of the signed-in user, and a sign-out button.

import { Link, useNavigate } from "react-router";

import { authClient } from "../lib/auth-client";

export function Header() {
  const { data: session } = authClient.useSession();
  const navigate = useNavigate();

  async function signOut() {
    await authClient.signOut({ fetchOptions: { onSuccess: () => navigate("/sign-in") } });
  }

  return (
    <header>
      <Link to="/">Home</Link>
      {session && (
        <nav>
          <span>{session.user.name}</span>
          <Link to="/settings">Settings</Link>
          <button onClick={signOut}>Sign out</button>
        </nav>
      )}
    </header>
  );
}
