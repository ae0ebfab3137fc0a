//! The settings that every service has.

#![expect(clippy::doc_markdown, reason = "clap prints these comments as they are")]

use clap::{Arg, ArgAction, Args};
use database::{DatabaseArgs, DatabaseUrl, SchemaName, SchemaUnsupported};
use settings::switch;
use telemetry::{LogArgs, metrics::MetricsArgs};

use crate::{lifecycle::ShutdownArgs, listen::Host, server::ResponseArgs};

/// Settings of the server. A service flattens them into its own settings, and sets its defaults with
/// [`ServerArgs::defaults`].
#[derive(Args, Clone, Debug)]
pub struct ServerArgs {
    /// Database URL: sqlite://path or postgres://user:password@host/database
    #[arg(long, env, required = false, hide_env_values = true)]
    pub database_url: DatabaseUrl,

    /// PostgreSQL schema for the service's tables; created if it does not exist. Several
    /// applications can share a database if each has its own schema. If unset, the search_path in
    /// the URL applies or, without one, the search_path of the role
    #[arg(long, env)]
    pub database_schema: Option<SchemaName>,

    #[command(flatten)]
    pub database: DatabaseArgs,

    /// Run pending database migrations at start
    #[arg(long, env, default_value = "on", value_parser = switch, action = ArgAction::Set)]
    pub migrate: bool,

    /// Address or host name of this machine to listen on; 0.0.0.0 for all addresses
    #[arg(long, env, default_value = "127.0.0.1")]
    pub host: Host,

    /// Port to listen on; 0 chooses a free one
    #[arg(long, env, required = false)]
    pub port: u16,

    #[command(flatten)]
    pub metrics: MetricsArgs,

    #[command(flatten)]
    pub responses: ResponseArgs,

    #[command(flatten)]
    pub shutdown: ShutdownArgs,

    #[command(flatten)]
    pub log: LogArgs,
}

impl ServerArgs {
    /// Returns a function for [`clap::Command::mut_args`] that adds the defaults which differ between
    /// services.
    pub fn defaults(
        database_url: &'static str,
        port: &'static str,
    ) -> impl FnMut(Arg) -> Arg + use<> {
        move |argument| match argument.get_id().as_str() {
            "database_url" => argument.default_value(database_url),
            "port" => argument.default_value(port),
            _ => argument,
        }
    }

    /// Adds the schema and the kind of pooler to the database URL.
    pub(crate) fn complete_url(&mut self) -> Result<(), SchemaUnsupported> {
        self.database_url = self.database_url.with_schema(self.database_schema.as_ref())?;
        self.database_url.set_pooler(self.database.database_pooler);
        Ok(())
    }
}
