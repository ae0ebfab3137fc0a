// Shown instead of a page that failed to load or render.

import { Component, type ReactNode } from "react";
import { t } from "../lib/i18n";
import { Button } from "./ui/button";
import { State } from "./ui/state";

export class Crash extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override render() {
    return this.state.hasFailed ? <Crashed /> : this.props.children;
  }
}

export function Crashed() {
  return (
    <main>
      <State
        heading={<h1 className="text-2xl font-semibold">{t().crash.heading}</h1>}
        action={<Button onClick={() => window.location.reload()}>{t().crash.action}</Button>}
      >
        {t().crash.text}
      </State>
    </main>
  );
}
