//! `task-service export` and `import`: all data in one file.

use operator_tools::transfer::{
    self, ExportArgs, ImportArgs, Imported, Inventory, Tally, TransferError,
};
use service_kit::Clock;

use crate::{
    config::Config,
    store::{self, MIGRATIONS},
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

fn inventory() -> Inventory {
    Inventory {
        service: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        migrations: MIGRATIONS.into(),
        tables: store::tables(),
    }
}
