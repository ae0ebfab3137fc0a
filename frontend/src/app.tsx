// The table of pages, and who may see them.

import { Navigate, Route, Routes } from "react-router";
import { Crash } from "./components/crash";
import { Toaster } from "./components/toaster";
import { ForgotPasswordPage } from "./routes/forgot-password";
import { GuestsOnly } from "./routes/guests-only";
import { MembersOnly } from "./routes/members-only";
import { NotFoundPage } from "./routes/not-found";
import { ResetPasswordPage } from "./routes/reset-password";
import { SettingsPage } from "./routes/settings";
import { SignInPage } from "./routes/sign-in";
import { SignUpPage } from "./routes/sign-up";
import { TaskPage } from "./routes/task";
import { TasksPage } from "./routes/tasks";
import { VerifyEmailPage } from "./routes/verify-email";

export function App() {
  return (
    <Crash>
      <Routes>
        <Route index element={<Navigate to="/tasks" replace />} />
        <Route path="auth">
          <Route element={<GuestsOnly />}>
            <Route path="signin" element={<SignInPage />} />
            <Route path="signup" element={<SignUpPage />} />
          </Route>
          <Route path="forgot-password" element={<ForgotPasswordPage />} />
          <Route path="reset-password" element={<ResetPasswordPage />} />
          <Route path="verify-email" element={<VerifyEmailPage />} />
        </Route>
        <Route element={<MembersOnly />}>
          <Route path="tasks" element={<TasksPage />} />
          <Route path="tasks/:id" element={<TaskPage />} />
          <Route path="settings" element={<SettingsPage />} />
        </Route>
        <Route path="*" element={<NotFoundPage />} />
      </Routes>
      <Toaster />
    </Crash>
  );
}
