//! Feature switches, named after Better Auth's options.

use clap::{ArgAction, Args};
use settings::switch;

/// Features that users see; each is `on` or `off`.
#[derive(Args, Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Features {
    /// Allow sign-up
    #[arg(long, env, default_value = "on", value_parser = switch, action = ArgAction::Set)]
    pub sign_up: bool,

    /// Require a verified e-mail address for sign-in
    #[arg(long, env, default_value = "off", value_parser = switch, action = ArgAction::Set)]
    pub require_email_verification: bool,

    /// Allow users to verify their e-mail address
    #[arg(long, env, default_value = "on", value_parser = switch, action = ArgAction::Set)]
    pub email_verification: bool,

    /// Send a verification link at sign-up; default: REQUIRE_EMAIL_VERIFICATION
    #[arg(long, env, value_parser = switch, action = ArgAction::Set)]
    pub send_verification_on_sign_up: Option<bool>,

    /// Send a verification link when sign-in fails because the e-mail address is not verified
    #[arg(long, env, default_value = "off", value_parser = switch, action = ArgAction::Set)]
    pub send_verification_on_sign_in: bool,

    /// Sign users in when they verify their e-mail address
    #[arg(long, env, default_value = "off", value_parser = switch, action = ArgAction::Set)]
    pub auto_sign_in_after_verification: bool,

    /// Allow users to reset a forgotten password by e-mail
    #[arg(long, env, default_value = "on", value_parser = switch, action = ArgAction::Set)]
    pub password_reset: bool,

    /// End all sessions of a user when the password is reset
    #[arg(long, env, default_value = "off", value_parser = switch, action = ArgAction::Set)]
    pub revoke_sessions_on_password_reset: bool,

    /// Allow users to change their e-mail address
    #[arg(long, env, default_value = "on", value_parser = switch, action = ArgAction::Set)]
    pub change_email: bool,

    /// Change an unverified e-mail address at once, without mailing a link to the new address
    #[arg(long, env, default_value = "off", value_parser = switch, action = ArgAction::Set)]
    pub change_email_without_verification: bool,

    /// Require confirmation before a verified e-mail address changes, by a link that is mailed to
    /// the old address
    #[arg(long, env, default_value = "off", value_parser = switch, action = ArgAction::Set)]
    pub confirm_change_email: bool,

    /// Mark a new e-mail address as verified when the link that was mailed to it is opened. If off,
    /// the new address is marked as verified only if the old address was verified, as in Better
    /// Auth
    #[arg(long, env, default_value = "off", value_parser = switch, action = ArgAction::Set)]
    pub verify_changed_email: bool,

    /// Show a page with a button when a link that verifies or changes an e-mail address is opened.
    /// Mail scanners open every link but do not press the button, so the link stays valid for the
    /// user
    #[arg(long, env, default_value = "on", value_parser = switch, action = ArgAction::Set)]
    pub confirmation_page: bool,

    /// Notify users by e-mail of a sign-in from a network that they have not used before; default: on if
    /// SMTP_URL is set
    #[arg(long, env, value_parser = switch, action = ArgAction::Set)]
    pub notify_new_network: Option<bool>,

    /// Allow users to delete their account
    #[arg(long, env, default_value = "on", value_parser = switch, action = ArgAction::Set)]
    pub delete_user: bool,

    /// Require confirmation by a mailed link before an account is deleted
    #[arg(long, env, default_value = "off", value_parser = switch, action = ArgAction::Set)]
    pub confirm_delete_user: bool,
}
