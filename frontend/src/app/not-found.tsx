// The page for unknown URLs.

import { ButtonLink } from "../components/ui/button";
import { Heading } from "../components/ui/heading";
import { SearchIcon } from "../components/ui/icons";
import { State } from "../components/ui/state";
import { t } from "../lib/i18n";

export function NotFoundPage() {
  return (
    <main className="mx-auto max-w-md pt-16">
      <State
        icon={<SearchIcon />}
        heading={<Heading>{t().notFound.heading}</Heading>}
        action={<ButtonLink to="/tasks">{t().notFound.action}</ButtonLink>}
      >
        {t().notFound.text}
      </State>
    </main>
  );
}
