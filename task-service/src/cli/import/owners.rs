//! Determines the new owner of a task.

use std::{collections::HashMap, fs, path::Path};

use operator_tools::source::{self, SeparatedColumns, SeparatedFile, SourceError};
use serde_json::{Map, Value};
use shared_models::{InvalidUserId, UserId};

use super::{
    ImportArgs, ImportError,
    args::OwnersArg,
    users::{AuthUsers, plain_email},
};

const COLUMNS: SeparatedColumns = SeparatedColumns {
    names: &["old_id", "new_id", "email"],
    needed: &["old_id"],
    has_lines: false,
};

pub(super) struct Owners {
    rule: Rule,
    /// The users in the export of auth-service; `None` without `--users`.
    users: Option<AuthUsers>,
}

enum Rule {
    Same,
    ByEmail,
    /// New owners by old id.
    Map(HashMap<String, NewOwner>),
}

#[derive(PartialEq, Eq)]
enum NewOwner {
    Id(String),
    Email(String),
}

impl Owners {
    /// Reads the files given by the arguments.
    pub(super) fn read(args: &ImportArgs) -> Result<Self, ImportError> {
        let users = args.users.as_deref().map(AuthUsers::read).transpose();
        let users = users.map_err(ImportError::Users)?;
        let rule = match args.owners.as_ref().ok_or(ImportError::NoOwners)? {
            OwnersArg::Same => Rule::Same,
            OwnersArg::ByEmail => Rule::ByEmail,
            OwnersArg::File(path) => Rule::Map(read_map(path).map_err(ImportError::Owners)?),
        };
        let needs_users = match &rule {
            Rule::Same => false,
            Rule::ByEmail => true,
            Rule::Map(map) => map.values().any(|owner| matches!(owner, NewOwner::Email(_))),
        };
        if needs_users && users.is_none() {
            return Err(ImportError::NoUsers);
        }
        Ok(Self { rule, users })
    }

    /// Returns the user who becomes the owner of the old owner's tasks, or the reason why there is
    /// none. `email` is the old owner's address in the source.
    pub(super) fn find(&self, old_id: &str, email: Option<&str>) -> Result<UserId, String> {
        let id = match &self.rule {
            Rule::Same => old_id,
            Rule::ByEmail => {
                let no_email =
                    || format!("the source has no e-mail address for the owner {old_id}");
                self.find_by_email(old_id, email.ok_or_else(no_email)?)?
            }
            Rule::Map(map) => match map.get(old_id) {
                Some(NewOwner::Id(id)) => id,
                Some(NewOwner::Email(email)) => self.find_by_email(old_id, email)?,
                None => return Err(format!("the owner {old_id} is not in the --owners file")),
            },
        };
        if self.users.as_ref().is_some_and(|users| !users.ids.contains(id)) {
            return Err(format!("the export of auth-service has no user {id}"));
        }
        UserId::try_from(id.to_owned()).map_err(|InvalidUserId| format!("invalid user id {id:?}"))
    }

    fn find_by_email(&self, old_id: &str, email: &str) -> Result<&str, String> {
        let users = self.users.as_ref();
        let id = users.and_then(|users| users.ids_by_email.get(&plain_email(email)));
        id.map(String::as_str).ok_or_else(|| {
            format!("the export of auth-service has no user with the address of the owner {old_id}")
        })
    }
}

/// Reads a mapping from a CSV file or JSON lines.
fn read_map(path: &Path) -> Result<HashMap<String, NewOwner>, SourceError> {
    let path = source::file(&path.to_string_lossy())?;
    let text = fs::read(&path).map_err(::csv::Error::from)?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text).trim_ascii_start();
    let mut map = HashMap::new();
    if text.starts_with(b"{") {
        for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
            if !line.trim_ascii().is_empty() {
                add_json_line(&mut map, line).map_err(|reason| at_line(number + 1, &reason))?;
            }
        }
    } else {
        let mut file = SeparatedFile::open(&path, &COLUMNS, None)?;
        while let Some((place, line)) = file.next(|_, record| {
            [record.field("old_id"), record.field("new_id"), record.field("email")]
        })? {
            let at_place = |reason: String| SourceError::refused(format!("{place}: {reason}"));
            let [old_id, new_id, email] = line.map_err(at_place)?;
            add(&mut map, old_id, new_id, email).map_err(at_place)?;
        }
    }
    Ok(map)
}

fn at_line(number: usize, reason: &str) -> SourceError {
    SourceError::refused(format!("line {number}: {reason}"))
}

fn add_json_line(map: &mut HashMap<String, NewOwner>, line: &[u8]) -> Result<(), String> {
    let object: Map<String, Value> = serde_json::from_slice(line)
        .map_err(|_error: serde_json::Error| "not a JSON object".to_owned())?;
    let field = |name: &str| match object.get(name)? {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    add(map, field("old_id"), field("new_id"), field("email"))
}

fn add(
    map: &mut HashMap<String, NewOwner>,
    old_id: Option<String>,
    new_id: Option<String>,
    email: Option<String>,
) -> Result<(), String> {
    let old_id = old_id.ok_or("old_id is missing")?;
    let owner = match (new_id, email) {
        (Some(id), None) => NewOwner::Id(id),
        (None, Some(email)) => NewOwner::Email(plain_email(&email)),
        (Some(_), Some(_)) => return Err("both new_id and email are set: keep one".to_owned()),
        (None, None) => return Err("neither new_id nor email is set".to_owned()),
    };
    match map.get(&old_id) {
        Some(other) if *other != owner => {
            Err(format!("the owner {old_id} is mapped to another owner above"))
        }
        _ => {
            map.insert(old_id, owner);
            Ok(())
        }
    }
}
