//! Maps the names of tables and columns to those of a source.

use std::str::FromStr;

use clap::Args;

/// Names of tables and columns in a source.
#[derive(Args, Clone, Debug, Default)]
pub struct NameArgs {
    /// Name of a table in the source, such as user=`app_users`; repeatable
    #[arg(long = "table", value_name = "TABLE=NAME")]
    pub tables: Vec<Mapping>,

    /// Name of a column in the source, such as user.emailVerified=verified, or title=subject for csv; an empty
    /// name means that the source has no such column; repeatable
    #[arg(long = "column", value_name = "COLUMN=NAME")]
    pub columns: Vec<Mapping>,
}

/// The name that this program uses for a table or column, and its name in the source.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// Name that this program uses, as given on the command line.
    pub(super) ours: String,
    pub(super) theirs: String,
}

impl FromStr for Mapping {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (ours, theirs) = text.split_once('=').ok_or("expected OURS=THEIRS")?;
        if ours.trim().is_empty() {
            return Err("expected OURS=THEIRS");
        }
        Ok(Self { ours: ours.trim().to_owned(), theirs: theirs.trim().to_owned() })
    }
}

impl Mapping {
    pub(super) fn is_of(&self, ours: &str) -> bool {
        plain_name(&self.ours) == plain_name(ours)
    }
}

impl NameArgs {
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.columns.is_empty()
    }

    /// Returns the source's name for the table `ours`, if one was given.
    pub(super) fn table(&self, ours: &str) -> Option<&str> {
        self.tables.iter().find(|mapping| mapping.is_of(ours)).map(|mapping| &*mapping.theirs)
    }

    /// Returns the source's name for the column `ours`, if one was given; empty if the source has
    /// no such column. `ours` is `table.column`, or `column` for a file.
    pub(super) fn column(&self, ours: &str) -> Option<&str> {
        self.columns.iter().find(|mapping| mapping.is_of(ours)).map(|mapping| &*mapping.theirs)
    }
}

/// Normalizes a name: `emailVerified`, `email_verified` and `E-Mail verified` become equal.
pub fn plain_name(name: &str) -> String {
    let is_kept = |c: &char| !matches!(c, '_' | '-' | ' ' | '.');
    name.trim().chars().filter(is_kept).flat_map(char::to_lowercase).collect()
}
