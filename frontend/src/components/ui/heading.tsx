// A page's heading. Sets the document title, and takes the focus after navigation.

import { type ReactNode, useEffect, useLayoutEffect, useRef } from "react";
import { useLocation } from "react-router";
import { t } from "../../lib/i18n";

/** Key of the history entry whose heading was shown last. */
let shown: string | undefined;

interface Props {
  children: ReactNode;
  /** Title of the document, if it differs from the heading. */
  title?: string;
  className?: string;
}

export function Heading({ children, title, className = "" }: Props) {
  const { key } = useLocation();
  const heading = useRef<HTMLHeadingElement>(null);
  const isShown = useRef(false);
  const name = title ?? (typeof children === "string" ? children : undefined);

  useEffect(() => {
    if (name) document.title = name === t().brand ? name : `${name} · ${t().brand}`;
  }, [name]);

  // This effect runs before the paint. A later effect could take the focus from a field in which
  // the user is already typing.
  useLayoutEffect(() => {
    if (isShown.current) return;
    isShown.current = true;
    // On the first page of a visit, the focus stays at the top of the document, as on any website.
    const isFirstPage = shown === undefined;
    const isFocusLost = document.activeElement === document.body;
    if (!isFirstPage && (key !== shown || isFocusLost)) heading.current?.focus();
    shown = key;
  }, [key]);

  return (
    <h1
      ref={heading}
      tabIndex={-1}
      dir="auto"
      className={`text-2xl font-semibold tracking-tight text-balance sm:text-3xl ${className}`}
    >
      {children}
    </h1>
  );
}
