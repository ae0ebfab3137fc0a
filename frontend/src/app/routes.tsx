// The routes of the web app, and which of them need a session.

import type { ComponentType } from "react";
import { Navigate, Outlet, type RouteObject, ScrollRestoration } from "react-router";
import { Crash, Crashed } from "../components/crash";
import { Starting } from "../components/starting";
import { GuestsOnly } from "../features/auth/pages/guests-only";
import { useLanguage } from "../lib/use-language";
import { NotFoundPage } from "./not-found";

export const routes: RouteObject[] = [
  {
    element: <Frame />,
    errorElement: <Crashed />,
    hydrateFallbackElement: <Starting />,
    children: [
      { index: true, element: <Navigate to="/tasks" replace /> },
      {
        path: "auth",
        children: [
          {
            element: <GuestsOnly />,
            children: [
              {
                path: "signin",
                lazy: {
                  Component: page(
                    async () => (await import("../features/auth/pages/sign-in")).SignInPage,
                  ),
                },
              },
              {
                path: "signup",
                lazy: {
                  Component: page(
                    async () => (await import("../features/auth/pages/sign-up")).SignUpPage,
                  ),
                },
              },
            ],
          },
          {
            path: "forgot-password",
            lazy: {
              Component: page(
                async () =>
                  (await import("../features/auth/pages/forgot-password")).ForgotPasswordPage,
              ),
            },
          },
          {
            path: "reset-password",
            lazy: {
              Component: page(
                async () =>
                  (await import("../features/auth/pages/reset-password")).ResetPasswordPage,
              ),
            },
          },
          {
            path: "verify-email",
            lazy: {
              Component: page(
                async () => (await import("../features/auth/pages/verify-email")).VerifyEmailPage,
              ),
            },
          },
        ],
      },
      {
        lazy: { Component: page(loadMembersOnly) },
        children: [
          {
            path: "tasks",
            lazy: {
              Component: page(
                async () => (await import("../features/tasks/pages/tasks")).TasksPage,
              ),
            },
          },
          {
            path: "tasks/:id",
            lazy: {
              Component: page(async () => (await import("../features/tasks/pages/task")).TaskPage),
            },
          },
          {
            path: "settings",
            lazy: {
              Component: page(
                async () => (await import("../features/settings/pages/settings")).SettingsPage,
              ),
            },
          },
        ],
      },
      { path: "*", element: <NotFoundPage /> },
    ],
  },
];

/**
 * Returns a function that loads a page. If loading fails, `Crash` is shown; the router alone would
 * show an empty page.
 */
function page(load: () => Promise<ComponentType>) {
  return () => load().then(translated, failing);
}

/** Makes a page render again when the language changes. Its state and typed text are kept. */
function translated(Page: ComponentType): ComponentType {
  return () => {
    useLanguage();
    return <Page />;
  };
}

function failing(error: unknown): ComponentType {
  return () => {
    throw error;
  };
}

async function loadMembersOnly() {
  const { MembersOnly, startMembers } = await import("./members-only");
  startMembers();
  return MembersOnly;
}

function Frame() {
  return (
    <Crash>
      <Outlet />
      <ScrollRestoration />
    </Crash>
  );
}
