// The icons. They are decorative, and hidden from screen readers.

import type { ReactNode } from "react";

function Icon({ children, className = "size-5" }: { children: ReactNode; className?: string }) {
  return (
    <svg
      aria-hidden="true"
      viewBox="0 0 24 24"
      className={`${className} shrink-0`}
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {children}
    </svg>
  );
}

export const CheckIcon = ({ className }: { className?: string }) => (
  <Icon {...(className ? { className } : {})}>
    <path d="M5 12.5l4.5 4.5L19 7" />
  </Icon>
);

export const TrashIcon = () => (
  <Icon>
    <path d="M4 7h16M10 11v6M14 11v6M6 7l1 13h10l1-13M9 7V4h6v3" />
  </Icon>
);

export const OpenIcon = () => (
  <Icon>
    <path d="M9 5l7 7-7 7" />
  </Icon>
);

export const BackIcon = () => (
  <Icon>
    <path d="M15 5l-7 7 7 7" />
  </Icon>
);

export const PlusIcon = () => (
  <Icon>
    <path d="M12 5v14M5 12h14" />
  </Icon>
);

export const CloseIcon = () => (
  <Icon>
    <path d="M6 6l12 12M18 6L6 18" />
  </Icon>
);

export const CloudOffIcon = () => (
  <Icon className="size-8">
    <path d="M4 4l16 16M8.5 8.1A6 6 0 0118 11a4 4 0 012.6 7M6.5 10.6A4 4 0 007 18.5h9.5" />
  </Icon>
);

export const LockIcon = () => (
  <Icon className="size-8">
    <path d="M6 11h12v9H6zM8.5 11V8a3.500 3.500 0 017 0v3" />
  </Icon>
);

export const SearchIcon = () => (
  <Icon className="size-8">
    <path d="M11 4a7 7 0 100 14 7 7 0 000-14zM16 16l4.500 4.500" />
  </Icon>
);

export const MailIcon = () => (
  <Icon className="size-8">
    <path d="M4 6h16v12H4zM4 7l8 6 8-6" />
  </Icon>
);
