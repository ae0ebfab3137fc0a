//! `auth-service clients`: manages OAuth clients, directly in the database. The service may be
//! running: it notices every change at once. Security events tell other services about disabled,
//! enabled and deleted clients.

mod args;
mod output;

use std::process::ExitCode;

use database::{Database, sql_types::DbTime};
use service_kit::Clock;
use shared_models::Timestamp;
use uuid::Uuid;

pub use self::args::ClientsArgs;
use self::{
    args::{Action, CreateArgs, CredentialArgs, DeleteArgs, RotateArgs},
    output::Output,
};
use crate::{
    cli::command::{self, CommandError},
    config::Config,
    domain::{
        audit::{Actor, Audit},
        client_lifecycle,
        clients::{Credential, new_secret},
        security_events::SecurityEvents,
    },
    store::{Moment, OauthClient},
};

/// Maximum total length of a client's scopes, and of its audiences. It keeps tokens well below the
/// size that verifiers accept.
const MAX_LIST_CHARS: usize = 2000;

#[derive(Debug, thiserror::Error)]
#[error("no client has the id {0:?}")]
struct ClientNotFound(String);

#[derive(Debug, thiserror::Error)]
#[error("all {0} together are longer than {MAX_LIST_CHARS} characters")]
struct ListTooLong(&'static str);

/// Joins values with spaces and omits duplicates. Returns an error if the result is too long.
fn joined(what: &'static str, values: &[String]) -> Result<String, CommandError> {
    let mut unique: Vec<&str> = Vec::new();
    for value in values {
        if !unique.contains(&value.as_str()) {
            unique.push(value);
        }
    }
    let list = unique.join(" ");
    if list.len() > MAX_LIST_CHARS {
        Err(CommandError::failed(ListTooLong(what)))
    } else {
        Ok(list)
    }
}

pub async fn run(
    config: &Config,
    args: &ClientsArgs,
    clock: &Clock,
) -> Result<ExitCode, CommandError> {
    let commands = Commands::open(config, args, clock).await?;
    command::exit_code(match &args.action {
        Action::List => commands.list().await,
        Action::Create(args) => commands.create(args).await,
        Action::Rotate(args) => commands.rotate(args).await,
        Action::Disable(client) => commands.disable(&client.client).await,
        Action::Enable(client) => commands.enable(&client.client).await,
        Action::Delete(args) => commands.delete(args).await,
    })
}

/// Returns the credential to store: the public key in the arguments, or else the hash of a new
/// secret. In the latter case, also returns that secret in plain text.
fn new_credential(args: &CredentialArgs) -> (Credential, Option<String>) {
    if let Some(key) = &args.public_key {
        (Credential::PublicKey(key.clone()), None)
    } else {
        let secret = new_secret();
        (Credential::of_secret(&secret), Some(secret))
    }
}

struct Commands {
    database: Database,
    now: DbTime,
    actor: Actor,
    moment: Moment,
    output: Output,
}

impl Commands {
    async fn open(
        config: &Config,
        args: &ClientsArgs,
        clock: &Clock,
    ) -> Result<Self, CommandError> {
        let database = command::open(config).await?;
        let now = DbTime(Timestamp::from(clock.now()).into());
        Ok(Self {
            database,
            now,
            actor: Audit::default().operator(now),
            moment: SecurityEvents::new(config).moment(now),
            output: Output { is_json: args.format.json, now },
        })
    }

    async fn find(&self, id: &str) -> Result<OauthClient, CommandError> {
        let client = OauthClient::find(&mut self.database.read().await?, id).await?;
        client.ok_or_else(|| CommandError::failed(ClientNotFound(id.to_owned())))
    }

    async fn list(&self) -> Result<(), CommandError> {
        Ok(self.output.list(&OauthClient::list(&mut self.database.read().await?).await?)?)
    }

    async fn create(&self, args: &CreateArgs) -> Result<(), CommandError> {
        let (credential, secret) = new_credential(&args.credential);
        let client = OauthClient {
            id: Uuid::now_v7().to_string(),
            name: args.name.clone(),
            scopes: joined("scopes", &args.scope)?,
            audiences: joined("audiences", &args.audience)?,
            credential: credential.stored(),
            old_credential: None,
            old_credential_expires_at: None,
            is_active: true,
            created_at: self.now,
            last_used_at: None,
            tokens_valid_from: None,
        };
        client_lifecycle::create(&mut self.database.write().await?, &client, &self.actor).await?;
        Ok(self.output.with_credential(&client, "created", secret.as_deref())?)
    }

    async fn rotate(&self, args: &RotateArgs) -> Result<(), CommandError> {
        let id = args.client.client.as_str();
        let (credential, secret) = new_credential(&args.credential);
        let credential = credential.stored();
        // An overlap of zero has no end time, so that the old credential is refused at once even if
        // the replicas' clocks differ.
        let end = (!args.overlap.is_zero()).then(|| DbTime(self.now.0 + args.overlap));
        client_lifecycle::rotate(
            &mut self.database.write().await?,
            (id, &credential),
            end,
            &self.actor,
        )
        .await?;
        Ok(self.output.with_credential(&self.find(id).await?, "rotated", secret.as_deref())?)
    }

    async fn disable(&self, id: &str) -> Result<(), CommandError> {
        client_lifecycle::disable(&mut self.database.write().await?, id, &self.actor, &self.moment)
            .await?;
        Ok(self.output.changed(&self.find(id).await?, "disabled")?)
    }

    async fn enable(&self, id: &str) -> Result<(), CommandError> {
        client_lifecycle::enable(&mut self.database.write().await?, id, &self.actor, &self.moment)
            .await?;
        Ok(self.output.changed(&self.find(id).await?, "enabled")?)
    }

    async fn delete(&self, args: &DeleteArgs) -> Result<(), CommandError> {
        let client = self.find(&args.client.client).await?;
        let (id, name) = (client.id.as_str(), &client.name);
        args.confirm.ask("deleting a client", &format!("Delete {name} ({id}) for good?"))?;
        client_lifecycle::delete(&mut self.database.write().await?, id, &self.actor, &self.moment)
            .await?;
        Ok(self.output.changed(&client, "deleted")?)
    }
}
