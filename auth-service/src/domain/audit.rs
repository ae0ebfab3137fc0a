//! The audit log: who changed what, when, and from where.
//!
//! An entry about a change is written in the transaction of the change, except for exports and
//! imports. Entries contain ids, but neither e-mail addresses nor secrets.

mod action;
mod failures;

pub(crate) use self::action::Action;

use std::{fmt, sync::Arc};

use database::{Conn, sql_types::DbTime};
use telemetry::metrics::{Counter, Sheet};
use uuid::Uuid;

use self::failures::Failures;
use crate::{
    domain::throttle::Key,
    store::{AuditEntry, StoreError},
};

/// `detail` of the entry that counts all failures beyond the hourly limit of entries.
const TOO_MANY_FAILURES: &str = "too many failures to list";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Success,
    Failure,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

/// The subject and the details of an entry.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct About<'a> {
    user_id: Option<&'a str>,
    session_id: Option<&'a str>,
    detail: Option<&'a str>,
}

impl<'a> About<'a> {
    pub(crate) fn user(id: &'a str) -> Self {
        Self { user_id: Some(id), ..Self::default() }
    }

    /// Returns a subject other than a user, such as a key or an export.
    pub(crate) fn thing(detail: &'a str) -> Self {
        Self::default().detail(detail)
    }

    pub(crate) fn session(self, id: &'a str) -> Self {
        Self { session_id: Some(id), ..self }
    }

    pub(crate) fn detail(self, detail: &'a str) -> Self {
        Self { detail: Some(detail), ..self }
    }
}

/// The audit log of a process. Clones share counters and limits.
#[derive(Clone, Default)]
pub(crate) struct Audit(Arc<Shared>);

#[derive(Default)]
struct Shared {
    counts: Counts,
    failures: Failures,
}

struct Counts(Vec<(Action, Outcome, Counter)>);

impl Default for Counts {
    fn default() -> Self {
        let successes = Action::ALL.into_iter().map(|action| (action, Outcome::Success));
        let all = successes.chain([(Action::SignIn, Outcome::Failure)]);
        Self(all.map(|(action, outcome)| (action, outcome, Counter::new())).collect())
    }
}

impl Audit {
    /// Returns the actor for a request: the client.
    pub(crate) fn client(&self, now: DbTime, address: String, agent: Option<String>) -> Actor {
        let (ip_address, user_agent) = (Some(address), agent);
        Actor { audit: self.clone(), name: "user", now, ip_address, user_agent }
    }

    /// Returns the actor for a command: the operator.
    pub(crate) fn operator(&self, now: DbTime) -> Actor {
        let (ip_address, user_agent) = (None, None);
        Actor { audit: self.clone(), name: "operator", now, ip_address, user_agent }
    }

    /// Returns the actor for changes that the service makes on its own.
    pub(crate) fn system(&self, now: DbTime) -> Actor {
        Actor { name: "system", ..self.operator(now) }
    }

    fn count(&self, action: Action, outcome: Outcome) {
        let mut counts = self.0.counts.0.iter();
        if let Some((_, _, counter)) = counts.find(|(a, o, _)| (*a, *o) == (action, outcome)) {
            counter.count();
        }
    }

    pub(crate) fn show(&self, sheet: &mut Sheet) {
        let samples = self.0.counts.0.iter().map(|(action, outcome, counter)| {
            let labels = [("action", action.as_str()), ("outcome", outcome.as_str())];
            let labels = labels.map(|(name, value)| (name, value.to_owned()));
            (labels.to_vec(), counter.total())
        });
        sheet.counters("audit_events", "Events that this process added to the audit log", samples);
    }
}

/// The actor of an action, with the time and, for a client, the client's address and user agent.
#[derive(Clone)]
pub(crate) struct Actor {
    audit: Audit,
    name: &'static str,
    now: DbTime,
    ip_address: Option<String>,
    user_agent: Option<String>,
}

impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Actor {
    /// Records a successful action. Must be called in the transaction of the change, or after the
    /// export or import.
    pub(crate) async fn record(
        &self,
        conn: &mut Conn,
        action: Action,
        about: About<'_>,
    ) -> Result<(), StoreError> {
        self.entry(action, Outcome::Success, about).insert(conn).await?;
        self.audit.count(action, Outcome::Success);
        Ok(())
    }

    /// Records an action that failed. The number of entries is limited, because anybody can cause
    /// failures.
    pub(crate) async fn record_failure(
        &self,
        conn: &mut Conn,
        action: Action,
        about: About<'_>,
    ) -> Result<(), StoreError> {
        let address = self.ip_address.as_deref();
        let parts = [Some(action.as_str()), about.user_id, address, about.detail];
        let key = Key::of(&parts.map(Option::unwrap_or_default));
        let slot = self.audit.0.failures.slot(key, about.user_id.is_some(), self.now);
        let entry = if slot.is_shared {
            self.hidden().entry(action, Outcome::Failure, About::thing(TOO_MANY_FAILURES))
        } else {
            self.entry(action, Outcome::Failure, about)
        };
        AuditEntry { id: slot.entry_id, ..entry }.insert_or_count(conn).await?;
        self.audit.count(action, Outcome::Failure);
        Ok(())
    }

    /// Records that a user was deleted. In earlier entries about the user, replaces the user's id
    /// with a pseudonym, and removes session ids, IP addresses and user agents.
    pub(crate) async fn record_deletion(
        &self,
        conn: &mut Conn,
        user_id: &str,
    ) -> Result<(), StoreError> {
        let pseudonym = format!("deleted-{}", Uuid::now_v7());
        AuditEntry::pseudonymize(conn, user_id, &pseudonym).await?;
        self.hidden().record(conn, Action::DeleteUser, About::user(&pseudonym)).await
    }

    /// Returns the actor without the address and the user agent.
    fn hidden(&self) -> Self {
        Self { ip_address: None, user_agent: None, ..self.clone() }
    }

    fn entry(&self, action: Action, outcome: Outcome, about: About<'_>) -> AuditEntry {
        AuditEntry {
            id: Uuid::now_v7().to_string(),
            action: action.as_str().to_owned(),
            outcome: outcome.as_str().to_owned(),
            actor: self.name.to_owned(),
            user_id: about.user_id.map(str::to_owned),
            session_id: about.session_id.map(str::to_owned),
            ip_address: self.ip_address.clone(),
            user_agent: self.user_agent.clone(),
            detail: about.detail.map(str::to_owned),
            count: 1,
            created_at: self.now,
            last_at: self.now,
        }
    }
}
