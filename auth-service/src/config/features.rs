//! What the service offers, as switches. Their names follow Better Auth's options.

use clap::{ArgAction, Args, builder::BoolishValueParser};

/// What users may do, and what is asked of them. `on` or `off` each.
#[derive(Args, Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Features {
    /// Let people sign up
    #[arg(long, env, default_value = "on", value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    pub sign_up: bool,

    /// Sign in only those who have verified their address
    #[arg(long, env, default_value = "off", value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    pub require_email_verification: bool,

    /// Offer the verification of addresses
    #[arg(long, env, default_value = "on", value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    pub email_verification: bool,

    /// Mail a verification link at sign-up; default: as REQUIRE_EMAIL_VERIFICATION
    #[arg(long, env, value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    pub send_verification_on_sign_up: Option<bool>,

    /// Mail a verification link when somebody unverified is refused at sign-in
    #[arg(long, env, default_value = "off", value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    pub send_verification_on_sign_in: bool,

    /// Sign in who opens a verification link
    #[arg(long, env, default_value = "off", value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    pub auto_sign_in_after_verification: bool,

    /// Let people reset a forgotten password by mail
    #[arg(long, env, default_value = "on", value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    pub password_reset: bool,

    /// End all sessions when a password is reset
    #[arg(long, env, default_value = "off", value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    pub revoke_sessions_on_password_reset: bool,

    /// Let people change their address
    #[arg(long, env, default_value = "on", value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    pub change_email: bool,

    /// Change an address that was never verified at once, without a link to the new one
    #[arg(long, env, default_value = "off", value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    pub change_email_without_verification: bool,

    /// Have the change of a verified address confirmed by a link to the old one first
    #[arg(long, env, default_value = "off", value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    pub confirm_change_email: bool,

    /// Let people delete their account
    #[arg(long, env, default_value = "on", value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    pub delete_user: bool,

    /// Have the deletion of an account confirmed by a mailed link
    #[arg(long, env, default_value = "off", value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    pub confirm_delete_user: bool,
}
