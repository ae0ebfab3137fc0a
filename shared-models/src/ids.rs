//! Identifiers, which are opaque strings to API clients.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The `sub` claim of a token (RFC 7519 §4.1.2).
///
/// Issuers choose its form, so it is an opaque string: 1 to 255 characters, not blank, without
/// control characters (PostgreSQL cannot store NUL).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(String);

impl UserId {
    /// Maximum length in characters.
    pub const MAX_CHARS: usize = 255;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Error for a string that is not a valid [`UserId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidUserId;

impl fmt::Display for InvalidUserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a user id is 1 to {} printable characters", UserId::MAX_CHARS)
    }
}

impl std::error::Error for InvalidUserId {}

impl TryFrom<String> for UserId {
    type Error = InvalidUserId;

    fn try_from(id: String) -> Result<Self, InvalidUserId> {
        let is_storable = !id.trim().is_empty()
            && id.chars().count() <= Self::MAX_CHARS
            && !id.chars().any(char::is_control);
        if is_storable { Ok(Self(id)) } else { Err(InvalidUserId) }
    }
}

impl From<UserId> for String {
    fn from(id: UserId) -> Self {
        id.0
    }
}

impl From<Uuid> for UserId {
    fn from(id: Uuid) -> Self {
        Self(id.to_string())
    }
}

/// A task id: a UUID, accepted only in its hyphenated form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct TaskId(Uuid);

impl TaskId {
    pub fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl From<Uuid> for TaskId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl FromStr for TaskId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse::<uuid::fmt::Hyphenated>().map(|id| Self(id.into_uuid()))
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user_id(id: impl Into<String>) -> Result<UserId, InvalidUserId> {
        UserId::try_from(id.into())
    }

    #[test]
    fn a_user_id_is_any_storable_string() {
        for id in ["a", "0192f0c1-7a7e", "auth0|123", "ünïcode", &"é".repeat(255)] {
            assert_eq!(user_id(id).unwrap().as_str(), id);
        }
        for id in ["", "   ", "\u{3000}", "a\0b", "a\nb", &"é".repeat(256)] {
            assert_eq!(user_id(id), Err(InvalidUserId), "{id:?}");
        }
    }

    #[test]
    fn a_task_id_has_one_spelling() {
        assert!("0192f0c1-7a7e-7000-8000-000000000001".parse::<TaskId>().is_ok());
        for id in [
            "",
            "1",
            "0192f0c17a7e70008000000000000001",
            "{0192f0c1-7a7e-7000-8000-000000000001}",
            "urn:uuid:0192f0c1-7a7e-7000-8000-000000000001",
        ] {
            assert!(id.parse::<TaskId>().is_err(), "{id:?}");
        }
    }
}
