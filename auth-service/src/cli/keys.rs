//! `auth-service keys`: lists, rotates and revokes signing keys, directly in the database. Running
//! replicas notice every change within about a second.

mod args;
mod error;
mod output;

use std::process::ExitCode;

use service_kit::{Clock, db::Database, migrate, prompt, sql_types::DbTime};
use shared_models::Timestamp;
use tracing::error;

pub use self::{args::KeysArgs, error::KeysError};
use self::{
    args::{Action, RevokeArgs},
    output::Output,
};
use crate::{
    MIGRATIONS,
    config::Config,
    domain::{
        audit::{Actor, Audit},
        issuer::{
            SEAL_PURPOSE,
            lifecycle::{self, Revoked, Rotated},
            schedule::Rotation,
        },
        secret_box::Seal,
        security_events::SecurityEvents,
    },
    store::SigningKey,
};

/// Exit status for incorrect usage, the same as clap's.
const USAGE: u8 = 2;

/// Runs a command. Without a terminal, a revocation without `--yes` counts as incorrect usage.
pub async fn run(config: &Config, args: &KeysArgs, clock: &Clock) -> Result<ExitCode, KeysError> {
    let commands = Commands::open(config, args, clock).await?;
    let done = match &args.action {
        Action::List => commands.list().await,
        Action::Rotate => commands.rotate(config).await,
        Action::Revoke(args) => commands.revoke(config, args).await,
    };
    match done {
        Err(failed @ KeysError::Unconfirmed) => {
            error!(error = %failed, "incorrect usage");
            Ok(ExitCode::from(USAGE))
        }
        done => done.map(|()| ExitCode::SUCCESS),
    }
}

struct Commands {
    database: Database,
    rotation: Rotation,
    now: DbTime,
    actor: Actor,
    output: Output,
}

impl Commands {
    async fn open(config: &Config, args: &KeysArgs, clock: &Clock) -> Result<Self, KeysError> {
        let database = Database::open_existing(&config.database_url)?;
        let database = database.ok_or(KeysError::NoDatabase)?;
        migrate::check(&config.database_url, &MIGRATIONS).await?;
        let rotation = Rotation::new(config);
        let now = DbTime(Timestamp::from(clock.now()).into());
        let output = Output { is_json: args.json, now: now.0, rotation };
        let actor = Audit::default().operator(now);
        Ok(Self { database, rotation, now, actor, output })
    }

    async fn keys(&self) -> Result<Vec<SigningKey>, KeysError> {
        let mut pooled = self.database.read().await?;
        Ok(SigningKey::list(&mut pooled.conn()).await?)
    }

    /// Returns the seal for new keys. Checks that it opens the newest stored key, because replicas
    /// could not use a key sealed with another secret.
    async fn seal(&self, config: &Config) -> Result<Seal, KeysError> {
        let secrets = config.existing_secrets()?.ok_or(KeysError::NoKeys)?;
        let seal = Seal::new(&secrets, SEAL_PURPOSE).map_err(|_error| KeysError::Crypto)?;
        let newest = self.keys().await?.into_iter().next().ok_or(KeysError::NoKeys)?;
        seal.open(&newest.id, &newest.sealed_private_key)?;
        Ok(seal)
    }

    async fn list(&self) -> Result<(), KeysError> {
        Ok(self.output.list(&self.keys().await?)?)
    }

    async fn rotate(&self, config: &Config) -> Result<(), KeysError> {
        if config.jwt_grace_period <= config.jwt_expires_in {
            return Err(KeysError::GracePeriod);
        }
        let seal = self.seal(config).await?;
        let mut pooled = self.database.write().await?;
        let tools = (&self.rotation, &seal);
        let rotated = lifecycle::rotate(&mut pooled.conn(), tools, self.now.0, &self.actor).await?;
        let (key, what) = match &rotated {
            Rotated::Scheduled(key) => (key, "scheduled"),
            Rotated::WasScheduled(key) => (key, "already scheduled"),
        };
        Ok(self.output.changed(&self.keys().await?, &key.id, what)?)
    }

    async fn revoke(&self, config: &Config, args: &RevokeArgs) -> Result<(), KeysError> {
        if !args.yes {
            confirm(&args.kid)?;
        }
        let seal = self.seal(config).await?;
        let moment = SecurityEvents::new(config).moment(self.now);
        let mut pooled = self.database.write().await?;
        let tools = (&self.rotation, &seal);
        let (conn, actor) = (&mut pooled.conn(), &self.actor);
        match lifecycle::revoke(conn, tools, &args.kid, &moment, actor).await? {
            Revoked::NotFound => Err(KeysError::KeyNotFound(args.kid.clone())),
            Revoked::Done => Ok(self.output.changed(&self.keys().await?, &args.kid, "revoked")?),
            Revoked::Repeated => {
                Ok(self.output.changed(&self.keys().await?, &args.kid, "already revoked")?)
            }
        }
    }
}

fn confirm(kid: &str) -> Result<(), KeysError> {
    if !prompt::is_interactive() {
        return Err(KeysError::Unconfirmed);
    }
    let question =
        format!("Revoke the signing key {kid}? The access tokens that it signed become invalid.");
    if prompt::confirm(&question)? { Ok(()) } else { Err(KeysError::Declined) }
}
