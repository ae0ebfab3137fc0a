//! The users of auth-service, read from its export.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
};

use operator_tools::source::{self, SourceError};
use serde_json::{Map, Value};

pub(super) struct AuthUsers {
    pub(super) ids: HashSet<String>,
    pub(super) ids_by_email: HashMap<String, String>,
}

impl AuthUsers {
    pub(super) fn read(path: &Path) -> Result<Self, SourceError> {
        let path = source::file(&path.to_string_lossy())?;
        let file = File::open(&path).map_err(::csv::Error::from)?;
        let not_an_export = || SourceError::refused("the file is not an export of auth-service");
        let mut users = Self { ids: HashSet::new(), ids_by_email: HashMap::new() };
        let mut has_ended = false;
        for (number, line) in BufReader::new(file).lines().enumerate() {
            let line = line.map_err(|_error| not_an_export())?;
            let line: Map<String, Value> =
                serde_json::from_str(&line).map_err(|_error| not_an_export())?;
            if number == 0 && line.get("export").and_then(Value::as_str) != Some("auth-service") {
                return Err(not_an_export());
            }
            if line.get("table").and_then(Value::as_str) == Some("users") {
                let field = |name: &str| line.get("row")?.get(name)?.as_str().map(str::to_owned);
                let (Some(id), Some(email)) = (field("id"), field("email")) else {
                    return Err(not_an_export());
                };
                users.ids_by_email.insert(plain_email(&email), id.clone());
                users.ids.insert(id);
            }
            has_ended = line.contains_key("end");
        }
        // In a truncated export, some users may be missing.
        if has_ended {
            Ok(users)
        } else {
            Err(SourceError::refused("the export of auth-service is truncated"))
        }
    }
}

/// Returns an e-mail address in the form that auth-service stores.
pub(super) fn plain_email(email: &str) -> String {
    email.trim().to_ascii_lowercase()
}
