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
            Finding::ok("secret", "opens the signing keys in the database")
        }
        (Some(_), Some(_)) => {
            let text = "does not open the signing keys in the database: bring back the one that";
            Finding::fault(SETTING, format!("{text} they were made with"))
        }
        (Some(_), None) => Finding::ok("secret", "is there; no signing key to try it on"),
        (None, None) => Finding::ok("secret", "is made beside the database at the first start"),
        (None, Some(_)) => {
            let text =
                "that was kept beside the database is gone, and signing keys are sealed with";
            Finding::fault(SETTING, format!("{text} it: bring it back"))
        }
    }
}
