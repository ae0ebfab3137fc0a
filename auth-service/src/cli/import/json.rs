//! Reads users from JSON files. A file contains one JSON value, or several values, usually one per
//! line.

mod auth0;
mod django;
mod firebase;
mod keycloak;
mod object;

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Deserializer, Value};

use self::object::{Object, refused};

use super::{
    ImportError,
    args::{ImportArgs, Origin},
    candidate::Candidate,
    report::Report,
};

/// Reads all users of a file. Rejects the file as a whole if its format is wrong.
pub(super) fn read(
    path: &Path,
    args: &ImportArgs,
    report: &mut Report,
) -> Result<Vec<Candidate>, ImportError> {
    if !args.names.is_empty() {
        return Err(refused("--table and --column are for databases and csv files".to_owned()));
    }
    let bytes = fs::read(path).map_err(|error| ImportError::File(path.to_owned(), error))?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(refused("the file is UTF-16: save it as UTF-8".to_owned()));
    }
    let hash_config = match &args.firebase_config {
        Some(_) if args.from != Origin::Firebase => {
            return Err(refused("--firebase-config is for --from firebase".to_owned()));
        }
        Some(path) => Some(firebase::HashConfig::read(path)?),
        None => None,
    };
    let mut objects = Vec::new();
    for value in Deserializer::from_slice(bytes).into_iter::<Value>() {
        let value =
            value.map_err(|error| refused(format!("the file is not valid JSON: {error}")))?;
        objects.extend(elements(value, args.from)?);
    }
    if args.from == Origin::Django {
        return django::candidates(&objects, report);
    }
    let known = match args.from {
        Origin::Firebase => firebase::KNOWN,
        Origin::Keycloak => keycloak::KNOWN,
        _ => auth0::KNOWN,
    };
    let mut unread = BTreeSet::new();
    let mut candidates = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        unread.extend(object.keys().filter(|key| !known.contains(&key.as_str())).cloned());
        let candidate = match args.from {
            Origin::Firebase => firebase::candidate(object, hash_config.as_ref())?,
            Origin::Keycloak => keycloak::candidate(object),
            _ => auth0::candidate(object),
        };
        let place = match &candidate.id {
            Some(id) => format!("user {id}"),
            None => format!("user number {}", number + 1),
        };
        candidates.push(Candidate { place, ..candidate });
    }
    if !unread.is_empty() {
        let unread: Vec<_> = unread.into_iter().collect();
        report.remark(format!("user fields that are not imported: {}", unread.join(", ")));
    }
    Ok(candidates)
}

/// Returns the users in a value: the elements of an array, or of the `users` field of an object. In
/// a file from Auth0, an object without that field is a user. For Django, only an array is
/// accepted; its elements are all dumped objects.
fn elements(value: Value, from: Origin) -> Result<Vec<Object>, ImportError> {
    let elements = match value {
        Value::Array(elements) => elements,
        Value::Object(mut object) => match object.remove("users") {
            Some(Value::Array(users)) if from != Origin::Django => users,
            None if from == Origin::Auth0 => return Ok(vec![object]),
            _ => return Err(refused("the file has no array of users".to_owned())),
        },
        _ => return Err(refused("the file has no users".to_owned())),
    };
    let object = |element| match element {
        Value::Object(object) => Ok(object),
        _ => Err(refused("the file has users that are not JSON objects".to_owned())),
    };
    elements.into_iter().map(object).collect()
}
