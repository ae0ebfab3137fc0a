//! Arguments of `auth-service users`.

use std::time::Duration;

use clap::{Args, Subcommand};
use settings::{duration, non_blank};

use crate::{
    cli::command::{ConfirmArgs, FormatArgs},
    domain::email_address::is_email,
};

#[derive(Args, Clone, Debug)]
pub struct UsersArgs {
    #[command(subcommand)]
    pub(super) action: Action,

    #[command(flatten)]
    pub(super) format: FormatArgs,
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Action {
    /// List users, ordered by id
    List(ListArgs),
    /// Show a user
    Show(UserArg),
    /// Create a user; prompts for the password, or reads it from standard input
    Create(CreateArgs),
    /// Set the password of a user and end all sessions; prompts for the password, or reads it from
    /// standard input
    SetPassword(UserArg),
    /// Disable a user: sessions end, access tokens are revoked, and sign-in is refused
    Disable(DisableArgs),
    /// Enable a user who was disabled
    Enable(UserArg),
    /// Delete a user permanently
    Delete(DeleteArgs),
    /// List the active sessions of a user
    Sessions(UserArg),
    /// End the sessions of a user, and revoke their access tokens
    Revoke(RevokeArgs),
}

#[derive(Args, Clone, Debug)]
pub(super) struct UserArg {
    /// Id or e-mail address of the user
    pub(super) user: String,
}

#[derive(Args, Clone, Debug)]
pub(super) struct ListArgs {
    /// Maximum number of users
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) limit: u32,

    /// Start after the user with this id
    #[arg(long, value_name = "ID")]
    pub(super) after: Option<String>,
}

#[derive(Args, Clone, Debug)]
pub(super) struct CreateArgs {
    /// E-mail address
    #[arg(value_parser = email)]
    pub(super) email: String,

    /// Name; default: the part of the address before the @
    #[arg(long)]
    pub(super) name: Option<String>,

    /// Mark the address as verified
    #[arg(long)]
    pub(super) verified: bool,
}

#[derive(Args, Clone, Debug)]
pub(super) struct DisableArgs {
    #[command(flatten)]
    pub(super) user: UserArg,

    /// Reason, which `show` displays; the user does not see it
    #[arg(long, value_parser = non_blank)]
    pub(super) reason: Option<String>,

    /// Time after which the user may sign in again, such as 7d; default: only after `enable`
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub(super) lasts: Option<Duration>,
}

#[derive(Args, Clone, Debug)]
pub(super) struct DeleteArgs {
    #[command(flatten)]
    pub(super) user: UserArg,

    #[command(flatten)]
    pub(super) confirm: ConfirmArgs,
}

#[derive(Args, Clone, Debug)]
pub(super) struct RevokeArgs {
    #[command(flatten)]
    pub(super) user: UserArg,

    /// End only the session with this id
    #[arg(long, value_name = "ID")]
    pub(super) session: Option<String>,
}

/// Parses an e-mail address and converts it to lower case, as sign-up does.
fn email(text: &str) -> Result<String, &'static str> {
    if is_email(text) { Ok(text.to_ascii_lowercase()) } else { Err("not an e-mail address") }
}
