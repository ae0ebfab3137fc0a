// For addresses that lead nowhere.

import { ButtonLink } from "../components/button";
import { Heading } from "../components/heading";
import { SearchIcon } from "../components/icons";
import { State } from "../components/state";

export function NotFoundPage() {
  return (
    <main className="mx-auto max-w-md pt-16">
      <State
        icon={<SearchIcon />}
        heading={<Heading>There is no such page</Heading>}
        action={<ButtonLink to="/tasks">Go to your tasks</ButtonLink>}
      >
        The address may be mistyped, or the page has moved.
      </State>
    </main>
  );
}
