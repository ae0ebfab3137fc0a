//! `auth-service export`, which writes all data to a file, and functions that it shares with
//! imports.

use std::error::Error as StdError;

use database::{Database, sql_types::DbTime};
use operator_tools::transfer::{
    self, ExportArgs, Inventory, Tally, TransferError, checked_table, table,
};
use service_kit::Clock;
use shared_models::Timestamp;
use telemetry::Chain;
use tracing::warn;

use crate::{
    MIGRATIONS,
    config::Config,
    domain::audit::{About, Action, Audit},
    store::{
        AccountRow, AuditEntry, EmailChange, EventStream, Mail, OauthClient, SecurityEvent,
        SessionRow, SignInNetwork, SigningKey, UserRow, VerificationTokenRow,
    },
};

/// Exports the database. Needs no secret, because encrypted values stay encrypted.
pub async fn export(
    config: &Config,
    args: &ExportArgs,
    clock: &Clock,
) -> Result<Tally, TransferError> {
    let inventory = inventory(|_: &SigningKey| Ok(()));
    let tally = transfer::export(&config.server.database_url, &inventory, args, clock).await?;
    record(config, Action::Export, &tally.to_string(), clock).await;
    Ok(tally)
}

/// Adds an entry to the audit log after an export or import. A failure is only logged, because the
/// data has been copied already, and because an export may read from a standby, which accepts no
/// writes.
pub(super) async fn record(config: &Config, action: Action, detail: &str, clock: &Clock) {
    let now = DbTime(Timestamp::from(clock.now()).into());
    let record = async || {
        let database = Database::open(&config.server.database_url)?;
        let mut conn = database.write().await?;
        let actor = Audit::default().operator(now);
        actor.record(&mut conn, action, About::thing(detail)).await?;
        Ok::<_, Box<dyn StdError>>(())
    };
    if let Err(failed) = record().await {
        warn!(error = %Chain(&*failed), "cannot add an entry to the audit log");
    }
}

/// Returns the tables of the service. `check_key` may reject signing keys that are imported.
///
/// `attempts` and `client_assertions` are omitted because their rows expire soon. The signing keys
/// come first, so that an unusable key is detected before any other row is written.
pub(super) fn inventory(
    check_key: impl Fn(&SigningKey) -> Result<(), &'static str> + 'static,
) -> Inventory {
    Inventory {
        service: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        migrations: MIGRATIONS.into(),
        tables: vec![
            checked_table(check_key),
            table::<UserRow>(),
            table::<AccountRow>(),
            table::<SessionRow>(),
            table::<VerificationTokenRow>(),
            table::<SignInNetwork>(),
            table::<Mail>(),
            table::<EmailChange>(),
            table::<OauthClient>(),
            table::<EventStream>(),
            table::<SecurityEvent>(),
            table::<AuditEntry>(),
        ],
    }
}
