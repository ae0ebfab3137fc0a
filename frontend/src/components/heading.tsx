// A page's heading. It names the document, and takes the focus when one page gives way to another.

import { type ReactNode, useEffect, useRef } from "react";

let isFirstPage = true;

interface Props {
  children: ReactNode;
  /** What the document is called, if it is not what the heading says. */
  title?: string;
  className?: string;
}

export function Heading({ children, title, className = "" }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  const name = title ?? (typeof children === "string" ? children : undefined);

  useEffect(() => {
    if (name) document.title = name === "Tasks" ? name : `${name} · Tasks`;
  }, [name]);

  useEffect(() => {
    // Whoever comes from outside starts at the top, as on any page.
    const frame = requestAnimationFrame(() => {
      if (!isFirstPage) heading.current?.focus();
      isFirstPage = false;
    });
    return () => cancelAnimationFrame(frame);
  }, []);

  return (
    <h1
      ref={heading}
      tabIndex={-1}
      className={`text-2xl font-semibold tracking-tight text-balance sm:text-3xl ${className}`}
    >
      {children}
    </h1>
  );
}
