// A field that searches while the user types, after a short delay.

import { useEffect, useRef, useState } from "react";
import { SearchIcon } from "../../../components/ui/icons";
import { t } from "../../../lib/i18n";
import { searchable } from "../model/task-view";

/** Delay in milliseconds after the last change of the text. */
const DELAY = 300;

interface Props {
  /** The search string in the URL. */
  search: string;
  onSearch(search: string): void;
}

export function SearchField({ search, onSearch }: Props) {
  const [text, setText] = useState(search);
  const latest = useRef(onSearch);
  const sent = useRef(search);

  useEffect(() => {
    latest.current = onSearch;
  });

  // Updates the field if navigation has changed the search, but not if the field itself has.
  useEffect(() => {
    if (search === sent.current) return;
    sent.current = search;
    setText(search);
  }, [search]);

  useEffect(() => {
    const wanted = text.trim();
    if (wanted === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = wanted;
      latest.current(wanted);
    }, DELAY);
    return () => clearTimeout(timer);
  }, [text]);

  return (
    <search className="relative min-w-0 flex-1 basis-56">
      <span className="pointer-events-none absolute inset-y-0 left-3 grid place-items-center text-muted [&_svg]:size-5">
        <SearchIcon />
      </span>
      <input
        type="search"
        dir="auto"
        aria-label={t().tasks.search}
        placeholder={t().tasks.searchHint}
        autoComplete="off"
        enterKeyHint="search"
        data-shortcut="search"
        className="control pl-10"
        value={text}
        onChange={({ target }) => setText(searchable(target.value))}
      />
    </search>
  );
}
