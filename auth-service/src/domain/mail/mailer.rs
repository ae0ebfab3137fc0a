//! The dependencies and settings for sending e-mails.

use std::sync::Arc;

use database::{Conn, Database, Unavailable};
use lettre::message::Mailbox;
use service_kit::Clock;
use shared_models::Timestamp;

use super::{
    links::Links,
    outbox::Outbox,
    templates::{TemplateError, Templates},
    transport::Transport,
};
use crate::{
    config::Config,
    domain::{email_tokens::EmailTokens, throttle::Attempts},
    store::{DatabaseError, Mail},
};

/// The access to the outbox, and everything that the worker needs to compose and send e-mails.
pub(crate) struct Mailer {
    pub(super) database: Database,
    pub(super) clock: Clock,
    /// `None` if the number of e-mails to an address is not limited.
    pub(super) attempts: Option<Arc<Attempts>>,
    pub(super) email_tokens: Arc<EmailTokens>,
    /// Whether links that verify or change an address lead to a page with a button.
    pub(super) has_confirmation_page: bool,
    /// Whether clients' addresses are known. Without trusted proxies, all clients may appear to
    /// have a proxy's address.
    pub(super) knows_clients: bool,
    pub(super) links: Links,
    pub(super) from: Mailbox,
    pub(super) outbox: Outbox,
    pub(super) templates: Templates,
    pub(super) transport: Transport,
}

impl Mailer {
    pub(crate) fn new(
        config: &Config,
        database: &Database,
        clock: &Clock,
        attempts: &Arc<Attempts>,
        email_tokens: &Arc<EmailTokens>,
    ) -> Result<Self, TemplateError> {
        Ok(Self {
            database: database.clone(),
            clock: clock.clone(),
            attempts: config.rate_limit.then(|| attempts.clone()),
            email_tokens: email_tokens.clone(),
            has_confirmation_page: config.features.confirmation_page,
            knows_clients: !config.trusted_proxies.is_empty(),
            links: Links { site: config.better_auth_url.as_str().to_owned() },
            from: config.mail.mail_from.clone(),
            outbox: Outbox::default(),
            templates: Templates::load(config.mail.mail_templates.as_deref())?,
            transport: Transport::new(&config.mail),
        })
    }

    /// Adds all of these e-mails to the outbox, or none if that fails. Limits per address apply
    /// when the e-mails are sent.
    pub(crate) async fn post(&self, mails: &[Mail]) -> Result<(), DatabaseError> {
        Mail::insert_all(&mut self.write().await?, mails).await?;
        self.wake();
        Ok(())
    }

    /// Tells the worker that a transaction has added e-mails to the outbox.
    pub(crate) fn wake(&self) {
        self.outbox.wake();
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now().into()
    }

    pub(super) async fn read(&self) -> Result<Conn, Unavailable> {
        self.database.read().await
    }

    pub(super) async fn write(&self) -> Result<Conn, Unavailable> {
        self.database.write().await
    }
}
