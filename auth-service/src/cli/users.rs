//! `auth-service users`: lists and changes users, directly in the database. The service may be
//! running: it notices every change at once. Security events tell other services about ended
//! sessions, revoked tokens, and disabled, enabled or deleted users.

mod args;
mod error;
mod output;

use std::process::ExitCode;

use database::{Conn, Database, migrate, sql_types::DbTime};
use operator_tools::prompt;
use secrecy::ExposeSecret as _;
use service_kit::Clock;
use shared_models::Timestamp;
use uuid::Uuid;

pub use self::args::UsersArgs;
use self::{
    args::{Action, CreateArgs, DeleteArgs, DisableArgs, ListArgs, RevokeArgs},
    error::UsersError,
    output::{Details, Output},
};
use crate::{
    MIGRATIONS,
    cli::command::{self, CommandError},
    config::Config,
    domain::{
        audit::{self, About, Actor, Audit},
        mail::Asker,
        passwords::Passwords,
        security_events::SecurityEvents,
        user_lifecycle::{self, NewPassword},
    },
    store::{Account, Ending, ListedSession, Moment, NewAccount, NewBan, User, UserRow},
};

pub async fn run(
    config: &Config,
    args: &UsersArgs,
    clock: &Clock,
) -> Result<ExitCode, CommandError> {
    command::exit_code(Commands::open(config, args, clock).await?.run(&args.action).await)
}

struct Commands {
    database: Database,
    passwords: Passwords,
    security_events: SecurityEvents,
    actor: Actor,
    now: DbTime,
    output: Output,
}

impl Commands {
    async fn open(config: &Config, args: &UsersArgs, clock: &Clock) -> Result<Self, CommandError> {
        let now = DbTime(Timestamp::from(clock.now()).into());
        let may_migrate = config.server.migrate && matches!(args.action, Action::Create(_));
        Ok(Self {
            database: database(config, may_migrate).await?,
            passwords: Passwords::configured(config).map_err(UsersError::from)?,
            security_events: SecurityEvents::new(config),
            actor: Audit::default().operator(now),
            now,
            output: Output { is_json: args.format.json, now },
        })
    }

    async fn run(&self, action: &Action) -> Result<(), CommandError> {
        match action {
            Action::List(args) => self.list(args).await,
            Action::Show(who) => self.show(&self.find(&who.user).await?).await,
            Action::Create(args) => self.create(args).await,
            Action::SetPassword(who) => self.set_password(&self.find(&who.user).await?).await,
            Action::Disable(args) => self.disable(args).await,
            Action::Enable(who) => self.enable(&self.find(&who.user).await?).await,
            Action::Delete(args) => self.delete(args).await,
            Action::Sessions(who) => self.sessions(&self.find(&who.user).await?).await,
            Action::Revoke(args) => self.revoke(args).await,
        }
    }

    fn moment(&self) -> Moment {
        self.security_events.moment(self.now)
    }

    /// Finds a user by id or e-mail address.
    async fn find(&self, who: &str) -> Result<UserRow, CommandError> {
        let conn = &mut self.database.read().await?;
        let user = match UserRow::find(conn, who).await? {
            None => UserRow::find_by_email(conn, &who.to_ascii_lowercase()).await?,
            found => found,
        };
        Ok(user.ok_or_else(|| UsersError::UserNotFound(who.to_owned()))?)
    }

    async fn list(&self, args: &ListArgs) -> Result<(), CommandError> {
        let limit = i64::from(args.limit);
        let after = args.after.as_deref().unwrap_or_default();
        // Reads one user more than the limit, to detect whether there are more.
        let mut users = UserRow::list(&mut self.database.read().await?, after, limit + 1).await?;
        let listed = usize::try_from(args.limit).unwrap_or(usize::MAX);
        let is_cut = users.len() > listed;
        users.truncate(listed);
        Ok(self.output.list(&users, is_cut)?)
    }

    async fn show(&self, user: &UserRow) -> Result<(), CommandError> {
        let conn = &mut self.database.read().await?;
        let accounts = Account::list(conn, &user.id).await?;
        let details = Details {
            providers: accounts.into_iter().map(|account| account.provider_id).collect(),
            sessions: ListedSession::list(conn, &user.id, self.now).await?.len(),
        };
        Ok(self.output.show(user, &details)?)
    }

    async fn create(&self, args: &CreateArgs) -> Result<(), CommandError> {
        let mut conn = self.database.read().await?;
        if User::is_email_taken(&mut conn, &args.email).await? {
            return Err(UsersError::AddressTaken.into());
        }
        drop(conn);
        let hash = self.new_password().await?;
        let local_part = args.email.split('@').next().unwrap_or_default();
        let user = User {
            id: Uuid::now_v7().to_string(),
            name: args.name.as_deref().unwrap_or(local_part).to_owned(),
            email: args.email.clone(),
            email_verified: args.verified,
            image: None,
            created_at: self.now,
            updated_at: self.now,
        };
        let account_id = Uuid::now_v7().to_string();
        let account = NewAccount::credential(&account_id, &user.id, &hash, self.now);
        let mut conn = self.database.write().await?;
        let work = async |conn: &mut Conn| {
            user.register(conn, &account, None, None).await?;
            self.actor.record(conn, audit::Action::CreateUser, About::user(&user.id)).await?;
            Ok::<_, CommandError>(())
        };
        conn.transaction(work).await?;
        Ok(self.output.changed(&self.find(&user.id).await?, "created")?)
    }

    async fn set_password(&self, user: &UserRow) -> Result<(), CommandError> {
        let hash = self.new_password().await?;
        let (conn, account_id) = (&mut self.database.write().await?, Uuid::now_v7().to_string());
        let of = Asker { user_id: &user.id, email: &user.email, session_id: None };
        let new = NewPassword { user: of, account_id: &account_id, hash: &hash };
        user_lifecycle::set_password(conn, new, &self.actor, &self.moment()).await?;
        Ok(self.output.changed(user, "password set, sessions ended")?)
    }

    /// Prompts for a password, or reads it from standard input. Checks the password and returns its
    /// hash.
    async fn new_password(&self) -> Result<String, CommandError> {
        let password = prompt::new_password()?;
        self.passwords.check_new(password.expose_secret())?;
        Ok(self.passwords.hash(password.expose_secret().to_owned()).await?)
    }

    async fn disable(&self, args: &DisableArgs) -> Result<(), CommandError> {
        let user = self.find(&args.user.user).await?;
        let expires = args.lasts.map(|lasts| DbTime(self.now.0 + lasts));
        let ban = NewBan { reason: args.reason.as_deref(), expires };
        let (conn, moment) = (&mut self.database.write().await?, self.moment());
        user_lifecycle::disable(conn, &user.id, ban, &self.actor, &moment).await?;
        Ok(self.output.changed(&self.find(&user.id).await?, "disabled")?)
    }

    async fn enable(&self, user: &UserRow) -> Result<(), CommandError> {
        let (conn, moment) = (&mut self.database.write().await?, self.moment());
        user_lifecycle::enable(conn, &user.id, &self.actor, &moment).await?;
        Ok(self.output.changed(&self.find(&user.id).await?, "enabled")?)
    }

    async fn delete(&self, args: &DeleteArgs) -> Result<(), CommandError> {
        let user = self.find(&args.user.user).await?;
        let question = format!("Delete {} ({}) for good?", user.email, user.id);
        args.confirm.ask("deleting a user", &question)?;
        let (conn, moment) = (&mut self.database.write().await?, self.moment());
        user_lifecycle::delete(conn, &user.id, &self.actor, &moment).await?;
        Ok(self.output.changed(&user, "deleted")?)
    }

    async fn sessions(&self, user: &UserRow) -> Result<(), CommandError> {
        let listed =
            ListedSession::list(&mut self.database.read().await?, &user.id, self.now).await?;
        Ok(self.output.sessions(listed.iter().map(|listed| &listed.session))?)
    }

    async fn revoke(&self, args: &RevokeArgs) -> Result<(), CommandError> {
        let user = self.find(&args.user.user).await?;
        let (conn, moment) = (&mut self.database.write().await?, self.moment());
        let actor = &self.actor;
        let ended = match &args.session {
            Some(session) => {
                let (which, action) =
                    (Ending::OwnOfId(&user.id, session), audit::Action::RevokeSessions);
                user_lifecycle::end_sessions(conn, which, action, actor, &moment).await?
            }
            None => user_lifecycle::revoke_all(conn, &user.id, actor, &moment).await?,
        };
        match &args.session {
            Some(session) if ended == 0 => Err(UsersError::SessionNotFound(session.clone()).into()),
            _ => Ok(self.output.ended(&user, ended)?),
        }
    }
}

/// Opens the database. With `may_migrate`, which only `users create` sets, creates a missing SQLite
/// database and runs pending migrations.
async fn database(config: &Config, may_migrate: bool) -> Result<Database, CommandError> {
    if may_migrate {
        migrate::run(&config.server.database_url, MIGRATIONS).await?;
        return Ok(Database::open(&config.server.database_url)?);
    }
    command::open(config).await
}
