//! `auth-service keys`: lists, rotates and revokes signing keys, directly in the database. Running
//! replicas notice every change within about a second.

mod args;
mod error;
mod output;

use std::process::ExitCode;

use database::{Database, sql_types::DbTime};
use service_kit::Clock;
use shared_models::Timestamp;

pub use self::args::KeysArgs;
use self::{
    args::{Action, RevokeArgs},
    error::KeysError,
    output::Output,
};
use crate::{
    cli::command::{self, CommandError},
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

pub async fn run(
    config: &Config,
    args: &KeysArgs,
    clock: &Clock,
) -> Result<ExitCode, CommandError> {
    let commands = Commands::open(config, args, clock).await?;
    command::exit_code(match &args.action {
        Action::List => commands.list().await,
        Action::Rotate => commands.rotate(config).await,
        Action::Revoke(args) => commands.revoke(config, args).await,
    })
}

struct Commands {
    database: Database,
    rotation: Rotation,
    now: DbTime,
    actor: Actor,
    output: Output,
}

impl Commands {
    async fn open(config: &Config, args: &KeysArgs, clock: &Clock) -> Result<Self, CommandError> {
        let database = command::open(config).await?;
        let rotation = Rotation::new(config);
        let now = DbTime(Timestamp::from(clock.now()).into());
        let output = Output { is_json: args.format.json, now: now.0, rotation };
        let actor = Audit::default().operator(now);
        Ok(Self { database, rotation, now, actor, output })
    }

    async fn keys(&self) -> Result<Vec<SigningKey>, CommandError> {
        Ok(SigningKey::list(&mut self.database.read().await?).await?)
    }

    /// Returns the seal that encrypts new keys. Returns an error if the seal cannot decrypt the
    /// newest stored key, because replicas could not use keys encrypted with another secret.
    async fn seal(&self, config: &Config) -> Result<Seal, CommandError> {
        let newest = self.keys().await?.into_iter().next().ok_or(KeysError::NoKeys)?;
        let secrets = config.existing_secrets()?.ok_or(KeysError::NoSecret)?;
        let seal = Seal::new(&secrets, SEAL_PURPOSE).map_err(|_error| KeysError::Crypto)?;
        seal.open(&newest.id, &newest.sealed_private_key)?;
        Ok(seal)
    }

    async fn list(&self) -> Result<(), CommandError> {
        Ok(self.output.list(&self.keys().await?)?)
    }

    async fn rotate(&self, config: &Config) -> Result<(), CommandError> {
        if config.jwt_grace_period <= config.jwt_expires_in {
            return Err(KeysError::GracePeriod.into());
        }
        let seal = self.seal(config).await?;
        let mut conn = self.database.write().await?;
        let tools = (&self.rotation, &seal);
        let rotated = lifecycle::rotate(&mut conn, tools, self.now.0, &self.actor).await?;
        let (key, what) = match &rotated {
            Rotated::Scheduled(key) => (key, "scheduled"),
            Rotated::WasScheduled(key) => (key, "already scheduled"),
        };
        Ok(self.output.changed(&self.keys().await?, &key.id, what)?)
    }

    async fn revoke(&self, config: &Config, args: &RevokeArgs) -> Result<(), CommandError> {
        let kid = &args.kid;
        let question = format!(
            "Revoke the signing key {kid}? The access tokens that it signed become invalid."
        );
        args.confirm.ask("revoking a key", &question)?;
        let seal = self.seal(config).await?;
        let moment = SecurityEvents::new(config).moment(self.now);
        let mut conn = self.database.write().await?;
        let tools = (&self.rotation, &seal);
        let (conn, actor) = (&mut conn, &self.actor);
        let what = match lifecycle::revoke(conn, tools, kid, &moment, actor).await? {
            Revoked::NotFound => return Err(KeysError::KeyNotFound(kid.clone()).into()),
            Revoked::Done => "revoked",
            Revoked::Repeated => "already revoked",
        };
        Ok(self.output.changed(&self.keys().await?, kid, what)?)
    }
}
