//! Import of a file that `auth-service export` has written.

use std::process::ExitCode;

use operator_tools::transfer::{self, ImportArgs, Imported};
use secrecy::ExposeSecret as _;
use service_kit::Clock;

use super::{args::ImportArgs as UserImportArgs, error::ImportError};
use crate::{
    cli::transfer::{inventory, record},
    config::Config,
    domain::{
        audit::Action,
        issuer::SEAL_PURPOSE,
        secret_box::{Seal, WrongSecret},
    },
    store::SigningKey,
};

pub(super) async fn import(
    config: &Config,
    args: &UserImportArgs,
    clock: &Clock,
) -> Result<ExitCode, ImportError> {
    if args.is_for_users() {
        return Err(ImportError::ExportIsTakenWhole);
    }
    let file = transfer::file(args.source.expose_secret());
    let file = file.map_err(ImportError::NotAnExport)?;

    import_file(config, &ImportArgs { file }, clock).await?.log();
    Ok(ExitCode::SUCCESS)
}

/// Imports an export. Accepts only signing keys that the secret decrypts, because the service could
/// not start with others.
async fn import_file(
    config: &Config,
    args: &ImportArgs,
    clock: &Clock,
) -> Result<Imported, ImportError> {
    // A missing secret is not generated, because a new secret could not decrypt the exported keys.
    let secrets = config.existing_secrets()?;
    let seal = secrets.map(|secrets| Seal::new(&secrets, SEAL_PURPOSE)).transpose()?;
    let inventory = inventory(move |key: &SigningKey| {
        let seal = seal
            .as_ref()
            .ok_or("BETTER_AUTH_SECRET is not set: set it to the secret of the exported service")?;
        seal.open(&key.id, &key.sealed_private_key).map(drop).map_err(|WrongSecret| {
            "BETTER_AUTH_SECRET does not decrypt this key: set it to the secret of the exported service"
        })
    });
    let imported = transfer::import(&config.server.database_url, inventory, args).await?;
    if let Imported::Now(tally) = &imported {
        record(config, Action::Import, &tally.to_string(), clock).await;
    }
    Ok(imported)
}
