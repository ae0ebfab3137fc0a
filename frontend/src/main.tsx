// Renders the web app into the document.

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createBrowserRouter, RouterProvider } from "react-router";
import { routes } from "./app/routes";
import { startSession } from "./features/auth/api/auth";
import { config } from "./lib/config";
import { preferredLanguage, showLanguage } from "./lib/i18n";
import "./styles.css";

// Starts loading the session and the settings in parallel with the code of the page. A failure to
// load the settings is ignored here: the next call of `config` tries again, and reports a failure.
startSession();
void config().catch(() => undefined);

const router = createBrowserRouter(routes);

// No top-level `await`: this chunk would wait for chunks that it loads, and these would wait for
// this chunk, because they import from it.
void showLanguage(preferredLanguage(navigator.languages)).then(render);

function render(): void {
  const root = document.getElementById("root");
  if (!root) return;
  createRoot(root).render(
    <StrictMode>
      <RouterProvider router={router} />
    </StrictMode>,
  );
}

// The service worker is registered late, because it fetches all files of the build.
if (import.meta.env.PROD) {
  window.addEventListener("load", () => {
    void startOffline();
  });
}

/** Lets the web app start without a network, unless the browser denies the site storage. */
async function startOffline(): Promise<void> {
  try {
    await navigator.serviceWorker?.register("/service-worker.js");
  } catch {
    // Without a service worker, the web app still works online.
  }
}
