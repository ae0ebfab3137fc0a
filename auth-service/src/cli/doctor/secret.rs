//! Checks that the secret is valid and decrypts the newest signing key in the database, and whether
//! older secrets are still needed.

use database::Conn;
use operator_tools::doctor::{Finding, innermost};

use crate::{
    config::{Config, Secrets},
    domain::{issuer, secret_box::Seal, sessions},
    store::{SealedToken, SigningKey},
};

const SETTING: &str = "BETTER_AUTH_SECRET";
const SETTING_WITH_VERSIONS: &str = "BETTER_AUTH_SECRETS";
/// Number of sessions that one query reads.
const PAGE: i64 = 500;

/// Checks the secrets. `database` is `None` unless there is a database with a current schema.
pub(super) async fn check(config: &Config, database: Option<&mut Conn>) -> Vec<Finding> {
    let secrets = match config.existing_secrets() {
        Ok(secrets) => secrets,
        Err(error) => return vec![invalid(&error.to_string())],
    };
    let Some(conn) = database else {
        return vec![of_newest_key(secrets.as_ref(), None)];
    };
    let keys = match SigningKey::list(conn).await {
        Ok(keys) => keys,
        Err(error) => return vec![Finding::fault("DATABASE_URL", innermost(&error))],
    };
    let mut findings = vec![of_newest_key(secrets.as_ref(), keys.first())];
    if let Some(secrets) = secrets.filter(|secrets| !secrets.older.is_empty()) {
        findings.extend(older_secrets(&secrets, &keys, conn).await);
    }
    findings
}

/// Reports an invalid secret. An error message that begins with the name of a setting is attributed
/// to that setting, and any other message to `BETTER_AUTH_SECRET`.
fn invalid(error: &str) -> Finding {
    let setting =
        if error.starts_with(SETTING_WITH_VERSIONS) { SETTING_WITH_VERSIONS } else { SETTING };
    Finding::fault(setting, error.trim_start_matches(setting).trim_start())
}

fn of_newest_key(secrets: Option<&Secrets>, newest: Option<&SigningKey>) -> Finding {
    match (secrets, newest) {
        (Some(secrets), Some(key)) if opens(secrets, key) => {
            Finding::ok("secret", "decrypts the signing keys in the database")
        }
        (Some(_), Some(_)) => {
            let text = "cannot decrypt the signing keys in the database: restore the secret that";
            Finding::fault(SETTING, format!("{text} they were encrypted with"))
        }
        (Some(_), None) => {
            Finding::ok("secret", "is set; there is no signing key yet to check it with")
        }
        (None, None) => {
            Finding::ok("secret", "will be generated beside the database at the first start")
        }
        (None, Some(_)) => {
            let text = "file beside the database is missing, and the signing keys are encrypted";
            Finding::fault(SETTING, format!("{text} with its secret: restore the file"))
        }
    }
}

fn opens(secrets: &Secrets, key: &SigningKey) -> bool {
    let seal = Seal::new(secrets, issuer::SEAL_PURPOSE);
    seal.is_ok_and(|seal| seal.open(&key.id, &key.sealed_private_key).is_ok())
}

/// Reports how many signing keys and session tokens are still encrypted with an older secret.
async fn older_secrets(secrets: &Secrets, keys: &[SigningKey], conn: &mut Conn) -> Option<Finding> {
    let of_keys = Seal::new(secrets, issuer::SEAL_PURPOSE).ok()?;
    let of_sessions = Seal::new(secrets, sessions::SEAL_PURPOSE).ok()?;
    let is_outdated = |key: &&SigningKey| of_keys.is_outdated(&key.id, &key.sealed_private_key);
    let keys = keys.iter().filter(is_outdated).count();
    let (mut sessions, mut after) = (0, String::new());
    loop {
        let page = match SealedToken::list(conn, &after, PAGE).await {
            Ok(page) => page,
            Err(error) => return Some(Finding::fault("DATABASE_URL", innermost(&error))),
        };
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        let outdated =
            page.iter().filter(|row| of_sessions.is_outdated(&row.id, &row.sealed_token));
        sessions += outdated.count();
    }
    Some(if keys + sessions == 0 {
        let text =
            "no signing key or session is encrypted with an older secret; cookies may still be";
        Finding::ok(
            "older secrets",
            format!("{text} signed with one until SESSION_EXPIRES_IN has passed"),
        )
    } else {
        let text = format!(
            "has older secrets that still encrypt {keys} signing keys and {sessions} sessions"
        );
        Finding::warn(
            SETTING_WITH_VERSIONS,
            format!("{text}: keep them until the running service has re-encrypted these"),
        )
    })
}
