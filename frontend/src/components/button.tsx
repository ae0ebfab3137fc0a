// Buttons, and links that look like them.

import type { ButtonHTMLAttributes } from "react";
import { Link, type LinkProps } from "react-router";

const SHAPE =
  "inline-flex min-h-11 items-center justify-center gap-2 rounded-xl px-4 py-2 text-base font-medium transition-colors aria-disabled:opacity-60 disabled:opacity-60";

const LOOKS = {
  main: "bg-accent text-on-accent enabled:hover:bg-accent-strong",
  quiet: "border border-edge bg-surface text-ink enabled:hover:bg-sunken",
  danger: "border border-danger bg-surface text-danger enabled:hover:bg-danger-tint",
};

type Look = { look?: keyof typeof LOOKS };

export function Button({
  look = "main",
  className = "",
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & Look) {
  return <button type="button" className={`${SHAPE} ${LOOKS[look]} ${className}`} {...rest} />;
}

const LINK_LOOKS = {
  main: "bg-accent text-on-accent hover:bg-accent-strong",
  quiet: "border border-edge bg-surface text-ink hover:bg-sunken",
};

export function ButtonLink({
  look = "main",
  className = "",
  ...rest
}: LinkProps & { look?: keyof typeof LINK_LOOKS }) {
  return <Link className={`${SHAPE} ${LINK_LOOKS[look]} ${className}`} {...rest} />;
}

export function TextLink({ className = "", ...rest }: LinkProps) {
  return (
    <Link
      className={`rounded font-medium text-accent underline underline-offset-4 hover:text-accent-strong ${className}`}
      {...rest}
    />
  );
}
