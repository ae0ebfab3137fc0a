//! Arguments of `auth-service clients`.

use std::{fs, time::Duration};

use clap::{Args, Subcommand};
use settings::{duration_or_zero, non_blank};

use crate::{
    cli::command::{ConfirmArgs, FormatArgs},
    domain::clients::{PublicKey, is_scope},
};

#[derive(Args, Clone, Debug)]
pub struct ClientsArgs {
    #[command(subcommand)]
    pub(super) action: Action,

    #[command(flatten)]
    pub(super) format: FormatArgs,
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Action {
    /// List clients, oldest first
    List,
    /// Create a client; without --public-key, print its secret, which is not shown again
    Create(CreateArgs),
    /// Replace the secret or the public key; the current one stays valid for a while
    Rotate(RotateArgs),
    /// Disable a client: its access tokens are revoked, and it gets no new ones
    Disable(ClientArg),
    /// Enable a client that was disabled
    Enable(ClientArg),
    /// Delete a client for good
    Delete(DeleteArgs),
}

#[derive(Args, Clone, Debug)]
pub(super) struct ClientArg {
    /// Id of the client
    pub(super) client: String,
}

#[derive(Args, Clone, Debug)]
pub(super) struct CredentialArgs {
    /// File with the public key of a client that signs assertions instead of sending a secret:
    /// Ed25519 or P-256, in PEM format or as a JWK
    #[arg(long, value_name = "FILE", value_parser = public_key)]
    pub(super) public_key: Option<PublicKey>,
}

#[derive(Args, Clone, Debug)]
pub(super) struct CreateArgs {
    /// Name, for people
    #[arg(value_parser = non_blank)]
    pub(super) name: String,

    /// Scopes that the client may get, separated by commas, such as tasks:read,tasks:write
    #[arg(long, value_delimiter = ',', value_parser = scope)]
    pub(super) scope: Vec<String>,

    /// Audiences that the client may get, separated by commas, the default first; without this
    /// option, the audience of users' tokens
    #[arg(long, value_delimiter = ',', value_parser = audience)]
    pub(super) audience: Vec<String>,

    #[command(flatten)]
    pub(super) credential: CredentialArgs,
}

#[derive(Args, Clone, Debug)]
pub(super) struct RotateArgs {
    #[command(flatten)]
    pub(super) client: ClientArg,

    #[command(flatten)]
    pub(super) credential: CredentialArgs,

    /// Time for which the current secret or key stays valid; 0s ends it at once
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = duration_or_zero)]
    pub(super) overlap: Duration,
}

#[derive(Args, Clone, Debug)]
pub(super) struct DeleteArgs {
    #[command(flatten)]
    pub(super) client: ClientArg,

    #[command(flatten)]
    pub(super) confirm: ConfirmArgs,
}

fn public_key(path: &str) -> Result<PublicKey, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    PublicKey::parse(&text).map_err(|error| error.to_string())
}

fn scope(text: &str) -> Result<String, &'static str> {
    if is_scope(text) { Ok(text.to_owned()) } else { Err("not a scope") }
}

fn audience(text: &str) -> Result<String, &'static str> {
    // A resource has no fragment (RFC 8707 §2).
    let is_forbidden = |char: char| char.is_whitespace() || char.is_control() || char == '#';
    if text.is_empty() || text.contains(is_forbidden) {
        Err("empty, or with a space, a control character or a fragment")
    } else {
        Ok(text.to_owned())
    }
}
