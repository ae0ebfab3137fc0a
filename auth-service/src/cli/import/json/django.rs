//! Django: the output of `manage.py dumpdata`. Every object with the fields `password` and `email`
//! counts as a user, whatever its model.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;

use operator_tools::source::value::flag;

use super::object::{Object, filled, refused, text};
use crate::{
    cli::import::{
        ImportError,
        ban::inactive,
        candidate::{Candidate, CandidateAccount, SECOND_FACTOR_LOST},
        report::Report,
    },
    store::PROVIDER_CREDENTIAL,
};

const KNOWN: &[&str] = &[
    "date_joined",
    "email",
    "first_name",
    "is_active",
    "last_login",
    "last_name",
    "name",
    "password",
];
/// The model of django-allauth that records verified addresses.
const ADDRESSES: &str = "account.emailaddress";

pub(super) fn candidates(
    objects: &[Object],
    report: &mut Report,
) -> Result<Vec<Candidate>, ImportError> {
    let mut unread = BTreeSet::new();
    let mut ignored: BTreeMap<String, u64> = BTreeMap::new();
    let mut verified = HashMap::new();
    let mut factors = HashSet::new();
    let mut candidates = Vec::new();
    for object in objects {
        let (Some(model), Some(Value::Object(fields))) =
            (text(object, "model"), object.get("fields"))
        else {
            return Err(refused(
                "the file was not written by dumpdata: an object has no model or no fields"
                    .to_owned(),
            ));
        };
        let owner = text(fields, "user").unwrap_or_default();
        if fields.contains_key("password") && fields.contains_key("email") {
            unread.extend(fields.keys().filter(|key| !KNOWN.contains(&key.as_str())).cloned());
            candidates.push(candidate(text(object, "pk"), fields));
        } else if model == ADDRESSES {
            let is_verified =
                text(fields, "verified").is_some_and(|text| flag(&text) == Some(true));
            let email = text(fields, "email").unwrap_or_default().to_ascii_lowercase();
            verified.insert((owner, email), is_verified);
        } else {
            if model.starts_with("otp_") {
                factors.insert(owner);
            }
            *ignored.entry(model).or_default() += 1;
        }
    }
    if candidates.is_empty() {
        return Err(refused(
            "the file has no users: no objects with a password and an email".to_owned(),
        ));
    }
    for candidate in &mut candidates {
        let id = candidate.id.clone().unwrap_or_default();
        if factors.contains(&id) {
            candidate.losses.push(SECOND_FACTOR_LOST);
        }
        let key = (id, candidate.email.trim().to_ascii_lowercase());
        candidate.email_verified = verified.get(&key).map(bool::to_string);
    }
    if verified.is_empty() {
        report.remark(
            "the file does not say which addresses are verified: all are imported as unverified"
                .to_owned(),
        );
    }
    for (what, names) in [
        ("user fields", unread.into_iter().collect::<Vec<_>>()),
        ("models", ignored.into_keys().collect()),
    ] {
        if !names.is_empty() {
            report.remark(format!("{what} that are not imported: {}", names.join(", ")));
        }
    }
    Ok(candidates)
}

fn candidate(id: Option<String>, fields: &Object) -> Candidate {
    let names = ["first_name", "last_name"].iter().filter_map(|name| filled(fields, name));
    let name = filled(fields, "name").unwrap_or_else(|| names.collect::<Vec<_>>().join(" "));
    // Django marks an unusable password with a leading exclamation mark.
    let hash = filled(fields, "password").filter(|hash| !hash.starts_with('!'));
    let account = hash.map(|hash| CandidateAccount {
        provider_id: PROVIDER_CREDENTIAL.to_owned(),
        password_hash: Some(hash),
        ..CandidateAccount::default()
    });
    Candidate {
        place: format!("user {}", id.as_deref().unwrap_or("without pk")),
        id,
        email: filled(fields, "email").unwrap_or_default(),
        name,
        created_at: text(fields, "date_joined"),
        ban: inactive(text(fields, "is_active").as_deref()),
        accounts: account.into_iter().collect(),
        ..Candidate::default()
    }
}
