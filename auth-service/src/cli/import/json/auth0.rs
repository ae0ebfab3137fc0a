//! Auth0: the users of a users-exports job, and the password hashes that Auth0 support exports.
//! Both are JSON lines; the hashes are added to the users with `--update`.

use serde_json::Value;

use super::object::{Object, filled, objects, text};
use crate::{
    cli::import::{
        ban::forbidden,
        candidate::{Candidate, CandidateAccount, SECOND_FACTOR_LOST},
    },
    store::PROVIDER_CREDENTIAL,
};

/// Fields that are read or can be ignored. All others are reported as not imported.
pub(super) const KNOWN: &[&str] = &[
    "_id",
    "_tmp_is_unique",
    "alt_id",
    "blocked",
    "connection",
    "created_at",
    "email",
    "email_verified",
    "identifiers",
    "identities",
    "mfa_factors",
    "multifactor",
    "name",
    "nickname",
    "passwordHash",
    "password_hash",
    "password_set_date",
    "picture",
    "tenant",
    "updated_at",
    "user_id",
];

pub(super) fn candidate(user: &Object) -> Candidate {
    let identifier = objects(user, "identifiers")
        .find(|identifier| text(identifier, "type").as_deref() == Some("email"));
    let of_identifier = |name| identifier.and_then(|identifier| text(identifier, name));
    let has_factors = ["mfa_factors", "multifactor"]
        .iter()
        .any(|name| user.get(*name).and_then(Value::as_array).is_some_and(|all| !all.is_empty()));
    let hash = filled(user, "passwordHash").or_else(|| filled(user, "password_hash"));
    let credential = hash.map(|hash| CandidateAccount {
        provider_id: PROVIDER_CREDENTIAL.to_owned(),
        password_hash: Some(hash),
        ..CandidateAccount::default()
    });
    Candidate {
        id: id(user),
        email: filled(user, "email").or_else(|| of_identifier("value")).unwrap_or_default(),
        name: filled(user, "name").or_else(|| filled(user, "nickname")).unwrap_or_default(),
        email_verified: text(user, "email_verified").or_else(|| of_identifier("verified")),
        image: filled(user, "picture"),
        created_at: time(user, "created_at"),
        updated_at: time(user, "updated_at"),
        ban: forbidden(text(user, "blocked").as_deref(), "is blocked"),
        losses: has_factors.then_some(SECOND_FACTOR_LOST).into_iter().collect(),
        accounts: credential.into_iter().chain(social_accounts(user)).collect(),
        ..Candidate::default()
    }
}

/// Returns the id of a user. Exports of hashes omit the prefix `auth0|`, so it is added to ids
/// without a prefix.
fn id(user: &Object) -> Option<String> {
    let object_id = || match user.get("_id")? {
        Value::Object(id) => filled(id, "$oid"),
        Value::String(id) => Some(id.clone()),
        _ => None,
    };
    filled(user, "user_id").or_else(|| {
        let id = filled(user, "alt_id").or_else(object_id)?;
        Some(if id.contains('|') { id } else { format!("auth0|{id}") })
    })
}

fn social_accounts(user: &Object) -> impl Iterator<Item = CandidateAccount> {
    objects(user, "identities").filter_map(|identity| {
        let provider = filled(identity, "provider").filter(|provider| provider != "auth0")?;
        let provider_id = if provider == "google-oauth2" { "google".to_owned() } else { provider };
        Some(CandidateAccount {
            provider_id,
            account_id: Some(filled(identity, "user_id")?),
            ..CandidateAccount::default()
        })
    })
}

/// Returns a time as a string. In an export of hashes, the field is an object `{"$date": …}`.
fn time(user: &Object, name: &str) -> Option<String> {
    match user.get(name)? {
        Value::Object(date) => match date.get("$date")? {
            Value::Object(number) => text(number, "$numberLong"),
            _ => text(date, "$date"),
        },
        _ => text(user, name),
    }
}
