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

    /// Send a verification link when sign-in fails because the address is not verified
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

    /// Change an unverified e-mail address at once, without a link to the new address
    #[arg(long, env, default_value = "off", value_parser = switch, action = ArgAction::Set)]
    pub change_email_without_verification: bool,

    /// Require confirmation by a link to the old address before a verified address changes
    #[arg(long, env, default_value = "off", value_parser = switch, action = ArgAction::Set)]
    pub confirm_change_email: bool,

    /// Mark a new address as verified when its mailed link is opened. If off, it is verified only if
    /// the old one was, as in Better Auth
    #[arg(long, env, default_value = "off", value_parser = switch, action = ArgAction::Set)]
    pub verify_changed_email: bool,

    /// Show a page with a button for links that verify or change an address, so that mail scanners,
    /// which open every link, do not consume them
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
