//! Arguments of `auth-service audit`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::{Args, builder::PossibleValuesParser};
use operator_tools::source::value;
use settings::duration;

use crate::{cli::command::FormatArgs, domain::audit::Action};

/// Filters and format of the list.
#[derive(Args, Clone, Debug)]
pub struct AuditLogArgs {
    /// List only entries about this user: id or e-mail address
    #[arg(long)]
    pub(super) user: Option<String>,

    /// List only entries since a time, such as 2026-01-31 or 2026-01-31T12:00:00Z, or within a time
    /// span before now, such as 7d
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub(super) since: Option<Since>,

    /// List only entries about these actions, separated by commas
    #[arg(
        long,
        value_delimiter = ',',
        value_parser = PossibleValuesParser::new(Action::ALL.map(Action::as_str))
    )]
    pub(super) action: Vec<String>,

    /// Maximum number of entries
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) limit: u32,

    #[command(flatten)]
    pub(super) format: FormatArgs,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Since {
    Time(DateTime<Utc>),
    Last(Duration),
}

impl Since {
    /// Returns the start time; a time span ends at `now`.
    pub(super) fn before(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Time(time) => time,
            Self::Last(span) => now - span,
        }
    }
}

fn since(text: &str) -> Result<Since, &'static str> {
    let time = || text.contains('-').then(|| value::time(text)).flatten().map(Since::Time);
    let span = || duration(text).ok().map(Since::Last);
    time().or_else(span).ok_or("expected a date such as 2026-01-31, or a time span such as 7d")
}
