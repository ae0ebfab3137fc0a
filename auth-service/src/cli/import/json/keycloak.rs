//! Keycloak: a realm with its users, or a file of users, as written by `kc.sh export`.

use serde_json::Value;

use super::object::{Object, filled, objects, text};
use crate::{
    cli::import::{
        ban::inactive,
        candidate::{Candidate, CandidateAccount, SECOND_FACTOR_LOST},
    },
    store::PROVIDER_CREDENTIAL,
};

pub(super) const KNOWN: &[&str] = &[
    "access",
    "createdTimestamp",
    "credentials",
    "disableableCredentialTypes",
    "email",
    "emailVerified",
    "enabled",
    "federatedIdentities",
    "firstName",
    "id",
    "lastName",
    "notBefore",
    "self",
    "serviceAccountClientId",
    "totp",
];

pub(super) fn candidate(user: &Object) -> Candidate {
    let has_factor = text(user, "totp").as_deref() == Some("true")
        || objects(user, "credentials").any(|credential| {
            let kind = text(credential, "type").unwrap_or_default();
            ["otp", "totp", "hotp", "webauthn", "webauthn-passwordless"].contains(&kind.as_str())
        });
    let name: Vec<_> =
        ["firstName", "lastName"].iter().filter_map(|name| filled(user, name)).collect();
    let left_out = filled(user, "serviceAccountClientId")
        .map(|client| format!("is the service account of {client}"));
    let identities = objects(user, "federatedIdentities").filter_map(|identity| {
        Some(CandidateAccount {
            provider_id: filled(identity, "identityProvider")?,
            account_id: Some(filled(identity, "userId")?),
            ..CandidateAccount::default()
        })
    });
    let passwords = objects(user, "credentials")
        .filter(|credential| text(credential, "type").as_deref() == Some("password"))
        .map(|credential| CandidateAccount {
            provider_id: PROVIDER_CREDENTIAL.to_owned(),
            password_hash: Some(hash(credential)),
            created_at: text(credential, "createdDate"),
            ..CandidateAccount::default()
        });
    Candidate {
        id: filled(user, "id"),
        email: filled(user, "email").unwrap_or_default(),
        name: name.join(" "),
        email_verified: text(user, "emailVerified"),
        created_at: text(user, "createdTimestamp"),
        left_out,
        ban: inactive(text(user, "enabled").as_deref()),
        losses: has_factor.then_some(SECOND_FACTOR_LOST).into_iter().collect(),
        accounts: passwords.chain(identities).collect(),
        ..Candidate::default()
    }
}

/// Returns the hash of a credential: for Argon2 as a PHC string, and for PBKDF2 in a similar
/// format. Missing parts or an unknown algorithm result in an invalid hash.
fn hash(credential: &Object) -> String {
    let inner = |name: &str| -> Object {
        match credential.get(name) {
            Some(Value::String(json)) => serde_json::from_str(json).unwrap_or_default(),
            Some(Value::Object(object)) => object.clone(),
            _ => Object::new(),
        }
    };
    let (data, secret) = (inner("credentialData"), inner("secretData"));
    // Before Keycloak 8, all fields were in the credential itself.
    let of_both = |object: &Object, name: &str, old: &str| {
        filled(object, name).or_else(|| filled(credential, old)).unwrap_or_default()
    };
    let salt = of_both(&secret, "salt", "salt");
    let value = of_both(&secret, "value", "hashedSaltedValue");
    let iterations = of_both(&data, "hashIterations", "hashIterations");
    let parameters = data.get("additionalParameters").and_then(Value::as_object);
    let parameter = |name: &str| {
        let values = parameters?.get(name)?.as_array()?;
        values.first()?.as_str()
    };
    match of_both(&data, "algorithm", "algorithm").as_str() {
        "pbkdf2" => format!("$pbkdf2-sha1${iterations}${salt}${value}"),
        algorithm @ ("pbkdf2-sha256" | "pbkdf2-sha512") => {
            format!("${algorithm}${iterations}${salt}${value}")
        }
        "argon2" => {
            let version = if parameter("version") == Some("1.0") { 16 } else { 19 };
            let kind = parameter("type").unwrap_or("id");
            let [memory, lanes] =
                ["memory", "parallelism"].map(|name| parameter(name).unwrap_or("0"));
            let unpadded = |text: &str| text.trim_end_matches('=').to_owned();
            format!(
                "$argon2{kind}$v={version}$m={memory},t={iterations},p={lanes}${}${}",
                unpadded(&salt),
                unpadded(&value)
            )
        }
        other => format!("${other}$a hash$of Keycloak"),
    }
}
