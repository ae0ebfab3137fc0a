//! `auth-service export` and its import: all data in one file.

use service_kit::{
    Clock,
    transfer::{self, ExportArgs, ImportArgs, Imported, Inventory, Tally, TransferError},
};

use crate::{
    MIGRATIONS,
    config::Config,
    import::ImportError,
    issuer::SEAL_PURPOSE,
    models::{self, SigningKey},
    seal::{Seal, WrongSecret},
};

/// Exports the database. Needs no secret, because encrypted values stay encrypted.
pub async fn export(
    config: &Config,
    args: &ExportArgs,
    clock: &Clock,
) -> Result<Tally, TransferError> {
    let inventory = inventory(|_: &SigningKey| Ok(()));
    transfer::export(&config.database_url, &inventory, args, clock).await
}

/// Imports an export. Accepts only keys that the secret decrypts, because the service could not start
/// with others.
pub(crate) async fn import(config: &Config, args: &ImportArgs) -> Result<Imported, ImportError> {
    // A generated secret could not be that of the exported service.
    let secret = config.existing_secret()?;
    let seal = secret.map(|secret| Seal::new(&secret, SEAL_PURPOSE)).transpose()?;
    let inventory = inventory(move |key: &SigningKey| {
        let seal = seal
            .as_ref()
            .ok_or("BETTER_AUTH_SECRET is not set: set it to the secret of the exported service")?;
        seal.open(&key.id, &key.sealed_private_key).map(drop).map_err(|WrongSecret| {
            "BETTER_AUTH_SECRET does not decrypt this key: set it to the secret of the exported service"
        })
    });
    Ok(transfer::import(&config.database_url, inventory, args).await?)
}

fn inventory(check_key: impl Fn(&SigningKey) -> Result<(), &'static str> + 'static) -> Inventory {
    Inventory {
        service: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        migrations: MIGRATIONS.into(),
        tables: models::tables(check_key),
    }
}
