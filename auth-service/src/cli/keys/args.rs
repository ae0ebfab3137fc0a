//! Arguments of `auth-service keys`.

use clap::{Args, Subcommand};

use crate::cli::command::{ConfirmArgs, FormatArgs};

#[derive(Args, Clone, Debug)]
pub struct KeysArgs {
    #[command(subcommand)]
    pub(super) action: Action,

    #[command(flatten)]
    pub(super) format: FormatArgs,
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Action {
    /// List signing keys, newest first
    List,
    /// Create the next signing key: published immediately, and used once verifiers have had time
    /// to fetch it
    Rotate,
    /// Revoke a compromised signing key: the access tokens that it signed become invalid
    Revoke(RevokeArgs),
}

#[derive(Args, Clone, Debug)]
pub(super) struct RevokeArgs {
    /// Id of the key
    pub(super) kid: String,

    #[command(flatten)]
    pub(super) confirm: ConfirmArgs,
}
