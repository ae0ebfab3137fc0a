//! Firebase: the file of `firebase auth:export --format=json`, and the hash parameters of the
//! project.

use std::{collections::HashMap, fs, path::Path};

use super::object::{Object, filled, objects, refused, text};
use crate::{
    cli::import::{
        ImportError,
        ban::forbidden,
        candidate::{Candidate, CandidateAccount, SECOND_FACTOR_LOST},
    },
    store::PROVIDER_CREDENTIAL,
};

pub(super) const KNOWN: &[&str] = &[
    "createdAt",
    "disabled",
    "displayName",
    "email",
    "emailVerified",
    "lastSignedInAt",
    "localId",
    "mfaInfo",
    "passwordHash",
    "passwordUpdatedAt",
    "photoUrl",
    "providerUserInfo",
    "salt",
    "validSince",
];

/// The `hash_config { … }` of the Firebase console. Does not implement `Debug`, because it holds a
/// key.
pub(super) struct HashConfig {
    signer_key: String,
    salt_separator: String,
    rounds: String,
    mem_cost: String,
}

impl HashConfig {
    pub(super) fn read(path: &Path) -> Result<Self, ImportError> {
        let file =
            fs::read_to_string(path).map_err(|error| ImportError::File(path.to_owned(), error))?;
        let values: HashMap<_, _> = file
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| {
                let name = name.trim().trim_matches('"');
                (name, value.trim().trim_end_matches(',').trim().trim_matches('"'))
            })
            .collect();
        let value = |name: &str| {
            let value = values.get(name).filter(|value| !value.is_empty());
            value.map(|value| (*value).to_owned()).ok_or_else(|| {
                refused(format!(
                    "--firebase-config: {} has no {name}; it should be the text that the Firebase console \
                     shows as password hash parameters",
                    path.display()
                ))
            })
        };
        if value("algorithm")? != "SCRYPT" {
            return Err(refused("--firebase-config: the algorithm is not SCRYPT".to_owned()));
        }
        Ok(Self {
            signer_key: value("base64_signer_key")?,
            salt_separator: value("base64_salt_separator")?,
            rounds: value("rounds")?,
            mem_cost: value("mem_cost")?,
        })
    }

    fn hash(&self, salt: &str, hash: &str) -> String {
        let Self { signer_key, salt_separator, rounds, mem_cost } = self;
        format!(
            "$fbscrypt$v=1,n={mem_cost},r={rounds},p=1,ss={salt_separator},sk={signer_key}${salt}${hash}"
        )
    }
}

/// Converts a user. Returns an error if the user has a password, but the parameters to verify it
/// are missing.
pub(super) fn candidate(
    user: &Object,
    config: Option<&HashConfig>,
) -> Result<Candidate, ImportError> {
    let credential = match (filled(user, "passwordHash"), config) {
        (None, _) => None,
        (Some(_), None) => {
            return Err(refused(
                "the file has passwords: give the password hash parameters of the project with \
                 --firebase-config FILE"
                    .to_owned(),
            ));
        }
        (Some(hash), Some(config)) => Some(CandidateAccount {
            provider_id: PROVIDER_CREDENTIAL.to_owned(),
            password_hash: Some(config.hash(&text(user, "salt").unwrap_or_default(), &hash)),
            ..CandidateAccount::default()
        }),
    };
    let social = objects(user, "providerUserInfo").filter_map(|info| {
        let provider = filled(info, "providerId")?;
        if ["password", "phone"].contains(&provider.as_str()) {
            return None;
        }
        Some(CandidateAccount {
            provider_id: provider.trim_end_matches(".com").to_owned(),
            account_id: Some(filled(info, "rawId")?),
            ..CandidateAccount::default()
        })
    });
    let has_factors = objects(user, "mfaInfo").next().is_some();
    Ok(Candidate {
        id: filled(user, "localId"),
        email: filled(user, "email").unwrap_or_default(),
        name: filled(user, "displayName").unwrap_or_default(),
        email_verified: text(user, "emailVerified"),
        image: filled(user, "photoUrl"),
        created_at: text(user, "createdAt"),
        ban: forbidden(text(user, "disabled").as_deref(), "is disabled"),
        losses: has_factors.then_some(SECOND_FACTOR_LOST).into_iter().collect(),
        accounts: credential.into_iter().chain(social).collect(),
        ..Candidate::default()
    })
}
