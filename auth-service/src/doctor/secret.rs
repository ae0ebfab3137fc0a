//! Checks that the secret exists, and that the database was encrypted with it.

use service_kit::doctor::{Finding, ReadOnly, innermost};

use crate::{config::Config, issuer, models::SigningKey};

const SETTING: &str = "BETTER_AUTH_SECRET";

/// Checks the secret. `database` is `None` if the database cannot be read.
pub(super) async fn check(config: &Config, database: Option<&mut ReadOnly>) -> Finding {
    let secret = match config.existing_secret() {
        Ok(secret) => secret,
        Err(error) => {
            let text = error.to_string();
            return Finding::fault(SETTING, text.trim_start_matches(SETTING).trim_start());
        }
    };
    let keys = match database {
        Some(database) => SigningKey::list(&mut database.conn()).await,
        None => Ok(Vec::new()),
    };
    let newest = match &keys {
        Ok(keys) => keys.first(),
        Err(error) => return Finding::fault("DATABASE_URL", innermost(error)),
    };
    match (secret, newest) {
        (Some(secret), Some(key)) if issuer::opens(&secret, key) => {
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
