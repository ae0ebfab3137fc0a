// Buttons, and links that look like them.

import type { ButtonHTMLAttributes } from "react";
import { Link, type LinkProps } from "react-router";

const SHAPE =
  "inline-flex min-h-11 items-center justify-center gap-2 rounded-xl px-4 py-2 text-base font-medium transition-colors aria-disabled:opacity-60 disabled:opacity-60";

const VARIANTS = {
  main: "bg-accent text-on-accent enabled:hover:bg-accent-strong",
  quiet: "border border-edge bg-surface text-ink enabled:hover:bg-sunken",
  danger: "border border-danger bg-surface text-danger enabled:hover:bg-danger-tint",
};

type Variant = { variant?: keyof typeof VARIANTS };

export function Button({
  variant = "main",
  className = "",
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & Variant) {
  return (
    <button type="button" className={`${SHAPE} ${VARIANTS[variant]} ${className}`} {...rest} />
  );
}

const LINK_VARIANTS = {
  main: "bg-accent text-on-accent hover:bg-accent-strong",
  quiet: "border border-edge bg-surface text-ink hover:bg-sunken",
};

export function ButtonLink({
  variant = "main",
  className = "",
  ...rest
}: LinkProps & { variant?: keyof typeof LINK_VARIANTS }) {
  return <Link className={`${SHAPE} ${LINK_VARIANTS[variant]} ${className}`} {...rest} />;
}

export function TextLink({ className = "", ...rest }: LinkProps) {
  return (
    <Link
      className={`rounded font-medium text-accent underline underline-offset-4 hover:text-accent-strong ${className}`}
      {...rest}
    />
  );
}
