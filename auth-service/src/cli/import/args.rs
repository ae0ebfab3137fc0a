//! Arguments of `auth-service import`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use operator_tools::source::NameArgs;
use secrecy::SecretString;

#[derive(Args, Clone, Debug)]
pub struct ImportArgs {
    /// Kind of the source
    #[arg(long, value_enum, default_value_t = Origin::Export)]
    pub(super) from: Origin,

    /// File, or database URL. An export (- for standard input) can only be imported into an empty
    /// database. The columns of a csv file are email and, optionally, id, name, image, `email_verified`,
    /// `password_hash`, `created_at`, `updated_at`, banned, `ban_reason`, `ban_expires`, disabled and
    /// `is_active`
    pub(super) source: SecretString,

    /// Also import active sessions (better-auth only). Users stay signed in if `BETTER_AUTH_SECRET` is the
    /// secret of the old server
    #[arg(long)]
    pub(super) sessions: bool,

    /// Add missing data to existing users: password, name, image, other accounts and the verified
    /// flag. Existing values are not overwritten
    #[arg(long)]
    pub(super) update: bool,

    /// File with the password hash parameters from the console of a Firebase project
    #[arg(long, value_name = "FILE")]
    pub(super) firebase_config: Option<PathBuf>,

    /// Show what would be imported, without changing anything
    #[arg(long)]
    pub(super) dry_run: bool,

    #[command(flatten)]
    pub(super) names: NameArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Origin {
    /// A file written by `export`
    Export,
    /// The database of a Better Auth server, PostgreSQL or SQLite
    BetterAuth,
    /// The database of a Supabase project
    Supabase,
    /// The database of a Django project, or a file written by `dumpdata`
    Django,
    /// The exported users or password hashes of Auth0, as JSON lines
    Auth0,
    /// A file written by `firebase auth:export --format=json`
    Firebase,
    /// A file written by `kc.sh export --users realm_file`, or a users file
    Keycloak,
    /// A file of comma-separated values with a header line
    Csv,
}

impl ImportArgs {
    /// Returns whether an option is given that only applies to imports of users.
    pub(super) fn is_for_users(&self) -> bool {
        self.sessions
            || self.update
            || self.dry_run
            || self.firebase_config.is_some()
            || !self.names.is_empty()
    }
}
