//! Whether there is a secret, and whether it is the one that the database was sealed with.

use service_kit::{
    db::DatabaseUrl,
    doctor::{Finding, ReadOnly, innermost},
};

use crate::{
    config::{Config, SecretError, secret_file},
    issuer,
    models::SigningKey,
};

const SETTING: &str = "BETTER_AUTH_SECRET";

/// `database` is `None` if there is none to read from.
pub(super) async fn check(config: &Config, database: Option<&mut ReadOnly>) -> Finding {
    let secret = match config.existing_secret() {
        Ok(secret) => secret,
        Err(error) => return Finding::fault(SETTING, error.to_string()),
    };
    let keys = match database {
        Some(database) => SigningKey::list(&mut database.conn()).await,
        None => Ok(Vec::new()),
    };
    let newest = match &keys {
        Ok(keys) => keys.first(),
        Err(error) => return Finding::fault("DATABASE_URL", innermost(error)),
    };
    match (secret, newest, &config.database_url) {
        (Some(secret), Some(key), _) if issuer::opens(&secret, key) => {
            Finding::ok("secret", "opens the signing keys in the database")
        }
        (Some(_), Some(_), _) => {
            let text = "does not open the signing keys in the database: bring back the one that";
            Finding::fault(SETTING, format!("{text} they were made with"))
        }
        (Some(_), None, _) => Finding::ok("secret", "is there; no signing key to try it on"),
        (None, _, DatabaseUrl::Postgres(_)) => {
            Finding::fault(SETTING, SecretError::Required.to_string())
        }
        (None, None, DatabaseUrl::Sqlite(_)) => {
            Finding::ok("secret", "is made beside the database at the first start")
        }
        (None, Some(_), DatabaseUrl::Sqlite(database)) => {
            let file = secret_file(database);
            let text = "is gone, and signing keys are sealed with it: bring it back";
            Finding::fault(SETTING, format!("{} {text}", file.display()))
        }
    }
}
