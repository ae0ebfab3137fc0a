//! Arguments of `auth-service keys`.

use clap::{Args, Subcommand};

/// Arguments of the `keys` command.
#[derive(Args, Clone, Debug)]
pub struct KeysArgs {
    #[command(subcommand)]
    pub(super) action: Action,

    /// Print JSON, one object per line
    #[arg(long, global = true)]
    pub(super) json: bool,
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

    /// Do not ask for confirmation; required without a terminal
    #[arg(long)]
    pub(super) yes: bool,
}
