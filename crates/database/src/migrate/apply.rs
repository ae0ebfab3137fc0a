//! Runs, reverts and records migrations, inside a transaction under the lock.
//!
//! Diesel's own harness uses a fixed table name, which services in one database cannot share.

use diesel::{
    Connection,
    backend::Backend,
    migration::{Migration, MigrationSource},
    query_builder::SqlQuery,
    query_dsl::methods::LoadQuery,
};
use diesel_migrations::EmbeddedMigrations;

use super::{
    MigrateError, Migrations,
    history::{Found, History},
    plan::Plan,
};

#[derive(Clone, Copy)]
pub(super) enum Direction {
    Up,
    /// Reverts every migration after this version.
    #[cfg(feature = "testing")]
    DownTo(&'static str),
}

/// Returns the plan, or an error if relations that a pending migration creates already exist.
pub(super) fn find_conflict<C>(
    conn: &mut C,
    catalogue: &str,
    migrations: &Migrations,
) -> Result<Plan, MigrateError>
where
    C: Connection,
    SqlQuery: for<'query> LoadQuery<'query, C, Found>,
{
    let history = History::read_blocking(conn, catalogue, migrations)?;
    let mut plan = Plan::new(&history, migrations).map_err(MigrateError::Run)?;
    match plan.conflict.take() {
        Some(conflict) => Err(MigrateError::Conflict(conflict)),
        None => Ok(plan),
    }
}

/// Runs or reverts migrations. `catalogue` and `source` must be those for the engine of `conn`.
pub(super) fn apply<C, DB>(
    conn: &mut C,
    catalogue: &str,
    migrations: &Migrations,
    source: &EmbeddedMigrations,
    direction: Direction,
) -> Result<(), MigrateError>
where
    DB: Backend,
    C: Connection<Backend = DB> + 'static,
    EmbeddedMigrations: MigrationSource<DB>,
    SqlQuery: for<'query> LoadQuery<'query, C, Found>,
{
    let plan = find_conflict(conn, catalogue, migrations)?;
    if let Some(statements) = plan.begin_history(migrations) {
        conn.batch_execute(&statements)?;
    }
    let table = migrations.history;
    let mut source = source.migrations().map_err(MigrateError::Run)?;
    source.sort_unstable_by(|one, other| one.name().version().cmp(&other.name().version()));
    let version = |migration: &dyn Migration<DB>| migration.name().version().to_string();
    match direction {
        Direction::Up => {
            for migration in source {
                let version = version(&*migration);
                if plan.pending.contains_key(&version) {
                    migration.run(conn).map_err(MigrateError::Run)?;
                    let record = format!("INSERT INTO {table} (version) VALUES ('{version}')");
                    conn.batch_execute(&record)?;
                }
            }
        }
        #[cfg(feature = "testing")]
        Direction::DownTo(last) => {
            for migration in source.into_iter().rev() {
                let version = version(&*migration);
                if version.as_str() > last && !plan.pending.contains_key(&version) {
                    migration.revert(conn).map_err(MigrateError::Run)?;
                    let record = format!("DELETE FROM {table} WHERE version = '{version}'");
                    conn.batch_execute(&record)?;
                }
            }
        }
    }
    Ok(())
}
