// What is shown instead of a page that failed to draw itself.

import { Component, type ReactNode } from "react";
import { Button } from "./button";
import { State } from "./state";

export class Crash extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override render() {
    if (!this.state.hasFailed) return this.props.children;
    return (
      <main>
        <State
          heading={<h1 className="text-2xl font-semibold">Something went wrong</h1>}
          action={<Button onClick={() => window.location.reload()}>Load the page again</Button>}
        >
          Your tasks are safe: they are kept by the service, not by this page.
        </State>
      </main>
    );
  }
}
