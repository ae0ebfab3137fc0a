// Account settings: name, e-mail address, password, devices, and deletion of the account.

import { Navigate, useNavigate } from "react-router";

import { Devices } from "../components/devices";
import { Field, Form } from "../components/form";
import { authClient } from "../lib/auth-client";

export function Settings() {
  const { data, isPending } = authClient.useSession();
  if (isPending) return <p>Loading…</p>;
  if (!data) return <Navigate to="/sign-in" />;
  return (
    <>
      <h1>Settings</h1>
      <p>
        Your address is <b>{data.user.email}</b>.
      </p>
      <ChangeName />
      <ChangeEmail />
      <ChangePassword />
      <Devices key={data.session.id} current={data.session.id} />
      <DeleteAccount />
    </>
  );
}

function ChangeName() {
  return (
    <Form title="Change name" submit={({ name = "" }) => authClient.updateUser({ name })}>
      <Field label="New name" name="name" required />
    </Form>
  );
}

function ChangeEmail() {
  return (
    <Form
      title="Change e-mail"
      success="Please open the link that was sent to the new address."
      submit={({ newEmail = "" }) =>
        authClient.changeEmail({ newEmail, callbackURL: `${window.location.origin}/settings` })
      }
    >
      <Field label="New e-mail" name="newEmail" type="email" required />
    </Form>
  );
}

function ChangePassword() {
  return (
    <Form
      title="Change password"
      success="Your password has been changed."
      submit={({ currentPassword = "", newPassword = "", others }) =>
        authClient.changePassword({ currentPassword, newPassword, revokeOtherSessions: others === "on" })
      }
    >
      <Field label="Current password" name="currentPassword" type="password" required />
      <Field label="New password" name="newPassword" type="password" required />
      <Field label="Sign out other devices" name="others" type="checkbox" />
    </Form>
  );
}

function DeleteAccount() {
  const navigate = useNavigate();
  return (
    <Form
      title="Delete account"
      submit={({ password = "" }) =>
        authClient.deleteUser({ password }, { onSuccess: () => navigate("/") })
      }
    >
      <Field label="Password" name="password" type="password" required />
    </Form>
  );
}
