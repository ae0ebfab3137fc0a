// The routes of the application.

import { Route, Routes } from "react-router";

import { Header } from "./components/header";
import { ForgotPassword } from "./pages/forgot-password";
import { Home } from "./pages/home";
import { ResetPassword } from "./pages/reset-password";
import { Settings } from "./pages/settings";
import { SignIn } from "./pages/sign-in";
import { SignUp } from "./pages/sign-up";

export function App() {
  return (
    <>
      <Header />
      <main>
        <Routes>
          <Route path="/" element={<Home />} />
          <Route path="/sign-up" element={<SignUp />} />
          <Route path="/sign-in" element={<SignIn />} />
          <Route path="/forgot-password" element={<ForgotPassword />} />
          <Route path="/reset-password" element={<ResetPassword />} />
          <Route path="/settings" element={<Settings />} />
        </Routes>
      </main>
    </>
  );
}
