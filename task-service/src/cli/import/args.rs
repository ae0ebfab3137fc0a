//! Arguments of `task-service import`.

use std::{convert::Infallible, path::PathBuf, str::FromStr};

use clap::{Args, ValueEnum};
use operator_tools::source::NameArgs;
use secrecy::SecretString;

/// Options of the import command.
#[derive(Args, Clone, Debug)]
pub struct ImportArgs {
    /// Kind of the source
    #[arg(long, value_enum, default_value_t = Origin::Export)]
    pub(super) from: Origin,

    /// File, or database URL. An export (- for standard input) can only be imported into an empty
    /// database. The columns of a csv file are id, `user_id`, title and, optionally, description, completed,
    /// `created_at`, `updated_at` and email, the address of the owner
    pub(super) source: SecretString,

    /// Mapping of old owners to new ones: same (users keep their ids), by-email (look up the address in
    /// --users), or a file that maps `old_id` to `new_id` or email, as comma-separated
    /// values or JSON lines
    #[arg(long, value_name = "same|by-email|FILE")]
    pub(super) owners: Option<OwnersArg>,

    /// Export of auth-service, to look up addresses and to check that the owners exist
    #[arg(long, value_name = "FILE")]
    pub(super) users: Option<PathBuf>,

    /// Show what would be imported, without changing anything
    #[arg(long)]
    pub(super) dry_run: bool,

    /// Write the outcome of each task to a file: `old_id`, `new_id`, owner, result and reason
    #[arg(long, value_name = "FILE", value_parser = operator_tools::transfer::file)]
    pub(super) report: Option<PathBuf>,

    #[command(flatten)]
    pub(super) names: NameArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Origin {
    /// A file written by `export`
    Export,
    /// The PostgreSQL or SQLite database of a FastAPI service that uses `SQLModel`
    Fastapi,
    /// A file of comma-separated values with a header line
    Csv,
}

/// Mapping of old owners to new ones.
#[derive(Clone, Debug)]
pub(super) enum OwnersArg {
    Same,
    ByEmail,
    File(PathBuf),
}

impl FromStr for OwnersArg {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "same" => Self::Same,
            "by-email" => Self::ByEmail,
            path => Self::File(path.into()),
        })
    }
}

impl ImportArgs {
    /// Returns whether an option is given that only applies to tasks of another service.
    pub(super) fn is_for_tasks(&self) -> bool {
        self.owners.is_some()
            || self.users.is_some()
            || self.dry_run
            || self.report.is_some()
            || !self.names.is_empty()
    }
}
