//! Determines the pending migrations of a database from its [`History`].

use std::collections::{BTreeMap, BTreeSet};

use diesel::migration;

use super::{
    Migrations,
    conflict::Conflict,
    footprint::Footprint,
    history::{History, SHARED_TABLE},
};

/// Applied and pending migrations.
#[derive(Debug)]
pub struct Plan {
    /// Versions to take over from the old history table that all services shared.
    pub(super) inherited: BTreeSet<String>,
    /// Names of pending migrations, by version.
    pub pending: BTreeMap<String, String>,
    /// Applied versions that this program does not know.
    pub unknown: Vec<String>,
    /// Whether any migration has run.
    pub has_begun: bool,
    /// Whether the service's own history table exists.
    has_table: bool,
    /// The conflict that prevents the pending migrations from being run, if there is one.
    pub conflict: Option<Conflict>,
}

impl Plan {
    /// Compares a database's contents with the program's migrations.
    pub fn new(history: &History, migrations: &Migrations) -> migration::Result<Self> {
        let mut pending = migrations.names()?;
        let unknown = history.own.iter().filter(|version| !pending.contains_key(*version));
        let unknown = unknown.cloned().collect();
        pending.retain(|version, _| !history.own.contains(version));
        let mut plan = Self {
            inherited: BTreeSet::new(),
            pending,
            unknown,
            has_begun: !history.own.is_empty(),
            has_table: history.has_own_table(migrations),
            conflict: None,
        };
        if !plan.pending.is_empty() {
            let footprint = Footprint::of(migrations)?;
            if !history.has_own_table(migrations) {
                plan.inherit(history, &footprint);
            }
            plan.conflict = plan.find_conflict(history, &footprint, migrations);
        }
        Ok(plan)
    }

    /// Takes over versions from the shared table. Services use the same version numbers, so a
    /// version is taken over only if all columns that this service's migration adds exist. If the
    /// migration adds no columns, its version is taken over if an earlier one was.
    fn inherit(&mut self, history: &History, footprint: &Footprint) {
        let is_there = |(table, column): &(&str, &str)| {
            history.relations.get(*table).is_some_and(|columns| columns.contains(*column))
        };
        for version in self.pending.keys().filter(|version| history.shared.contains(*version)) {
            let added = footprint.columns_added_by(version);
            let has_run = if added.is_empty() {
                !self.inherited.is_empty()
            } else {
                added.iter().all(is_there)
            };
            if has_run {
                self.inherited.insert(version.clone());
            }
        }
        self.pending.retain(|version, _| !self.inherited.contains(version));
        self.has_begun |= !self.inherited.is_empty();
    }

    fn find_conflict(
        &self,
        history: &History,
        footprint: &Footprint,
        migrations: &Migrations,
    ) -> Option<Conflict> {
        let created = self.pending.keys().flat_map(|version| footprint.created_by(version));
        let taken: Vec<_> = created.filter(|relation| history.has(relation)).collect();
        Conflict::of(&taken, history, footprint.latest(), migrations)
    }

    /// Returns whether all migrations have run.
    pub fn is_complete(&self) -> bool {
        self.pending.is_empty()
    }

    /// Returns the statements that create the service's history table and copy the inherited
    /// versions from the shared table; `None` if the service's table exists. The shared table is
    /// kept, because older versions of the program still read it.
    pub(super) fn begin_history(&self, migrations: &Migrations) -> Option<String> {
        let table = migrations.history;
        if self.has_table {
            return None;
        }
        let create = format!(
            "CREATE TABLE {table} (\
             version text NOT NULL CONSTRAINT {table}_pkey PRIMARY KEY, \
             run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP);"
        );
        Some(self.inherited.iter().fold(create, |statements, version| {
            format!(
                "{statements} INSERT INTO {table} (version, run_on) \
                 SELECT version, run_on FROM {SHARED_TABLE} WHERE version = '{version}';"
            )
        }))
    }
}
