//! `task-service export` and `import`: all data in one file.

use operator_tools::transfer::{
    self, ExportArgs, ImportArgs, Imported, Inventory, Tally, TransferError, table,
};
use service_kit::Clock;

use crate::{
    config::Config,
    store::{IdempotencyKey, MIGRATIONS, TaskRow},
};

pub async fn export(
    config: &Config,
    args: &ExportArgs,
    clock: &Clock,
) -> Result<Tally, TransferError> {
    transfer::export(&config.server.database_url, &inventory(), args, clock).await
}

pub async fn import(config: &Config, args: &ImportArgs) -> Result<Imported, TransferError> {
    transfer::import(&config.server.database_url, inventory(), args).await
}

/// Returns the tables of the service, without those about deleted users, because the service that
/// uses the copy receives the deletions again from the issuer.
fn inventory() -> Inventory {
    Inventory {
        service: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        migrations: MIGRATIONS.into(),
        tables: vec![table::<TaskRow>(), table::<IdempotencyKey>()],
    }
}
