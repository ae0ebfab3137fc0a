//! `auth-service export`, and what `import` makes of it: everything that is kept, in one file.

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

/// Needs no secret: what is sealed stays sealed.
pub async fn export(
    config: &Config,
    args: &ExportArgs,
    clock: &Clock,
) -> Result<Tally, TransferError> {
    let inventory = inventory(|_: &SigningKey| Ok(()));
    transfer::export(&config.database_url, &inventory, args, clock).await
}

/// Takes only keys that the secret opens: a service could not start on others.
pub(crate) async fn import(config: &Config, args: &ImportArgs) -> Result<Imported, ImportError> {
    let seal = Seal::new(&config.secret()?, SEAL_PURPOSE)?;
    let inventory = inventory(move |key: &SigningKey| {
        seal.open(&key.id, &key.sealed_private_key).map(drop).map_err(|WrongSecret| {
            "BETTER_AUTH_SECRET does not open this key: set it to the secret that the exported service had"
        })
    });
    Ok(transfer::import(&config.database_url, inventory, args).await?)
}

fn inventory(check_key: impl Fn(&SigningKey) -> Result<(), &'static str> + 'static) -> Inventory {
    Inventory {
        service: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        migrations: MIGRATIONS,
        tables: models::tables(check_key),
    }
}
