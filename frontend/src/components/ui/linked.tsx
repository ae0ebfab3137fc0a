// The web addresses in user-provided text, as a list of links.

import { t } from "../../lib/i18n";

const ADDRESS = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]]/g;

export function Linked({ text }: { text: string }) {
  const addresses = [...new Set(text.match(ADDRESS) ?? [])];
  if (addresses.length === 0) return null;
  return (
    <ul aria-label={t().task.links} className="grid gap-1">
      {addresses.map((address) => (
        <li key={address}>
          <a
            href={address}
            rel="noopener noreferrer nofollow"
            target="_blank"
            className="wrap-anywhere text-accent underline"
          >
            {address}
          </a>
        </li>
      ))}
    </ul>
  );
}
