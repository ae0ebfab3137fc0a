//! State shared by all handlers.

use std::{net::IpAddr, sync::Arc, time::Duration};

use actix_web::HttpRequest;
use database::{Conn, Database, Unavailable, sql_types::DbTime};
use service_kit::{
    Clock,
    client_address::{TrustedProxy, client_address, network_of},
    server::InFlight,
};
use shared_models::Timestamp;

use crate::{
    config::Features,
    domain::{
        audit::{Actor, Audit},
        clients::Clients,
        email_tokens::{EmailTokens, UNDO_LIFETIME},
        issuer::Issuer,
        login_throttle::LoginThrottle,
        mail::Mailer,
        origins::TrustedOrigins,
        passwords::Passwords,
        security_events::SecurityEvents,
        sessions::{Client, Sessions},
        throttle::Attempts,
    },
    http::{client_address, cookies::Cookies},
    store::Moment,
};

/// State of the process, shared through `Data`.
pub(crate) struct AppState {
    pub(crate) database: Database,
    pub(crate) in_flight: InFlight,
    pub(crate) clock: Clock,
    pub(crate) features: Features,
    pub(crate) cookies: Cookies,
    pub(crate) passwords: Passwords,
    pub(crate) issuer: Issuer,
    pub(crate) clients: Clients,
    pub(crate) email_tokens: Arc<EmailTokens>,
    pub(crate) trusted_origins: TrustedOrigins,
    pub(crate) trusted_proxies: Vec<TrustedProxy>,
    /// Public base URL without a trailing slash.
    pub(crate) site: String,
    /// Whether browsers use https.
    pub(crate) is_production: bool,
    pub(crate) rate_limit: bool,
    pub(crate) attempts: Arc<Attempts>,
    pub(crate) login_throttle: LoginThrottle,
    pub(crate) security_events: SecurityEvents,
    pub(crate) audit: Audit,
    /// Age at which entries of the audit log are deleted; if zero, they are kept forever.
    pub(crate) audit_retention: Duration,
    pub(crate) sessions: Sessions,
    pub(crate) bearer_require_signature: bool,
    pub(crate) mailer: Arc<Mailer>,
}

impl AppState {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now().into()
    }

    pub(crate) async fn read(&self) -> Result<Conn, Unavailable> {
        self.database.read().await
    }

    pub(crate) async fn write(&self) -> Result<Conn, Unavailable> {
        self.database.write().await
    }

    /// Returns the earliest time of a change of e-mail address that can still be undone.
    pub(crate) fn undoable_since(&self) -> DbTime {
        DbTime(self.clock.now() - UNDO_LIFETIME)
    }

    /// Returns the client's network, which rate limits and back-offs treat as one client.
    pub(crate) fn client_network(&self, req: &HttpRequest) -> IpAddr {
        network_of(self.client_address(req))
    }

    /// Returns the client that sent a request, for the audit log. The client cannot forge its address.
    pub(crate) fn actor(&self, req: &HttpRequest) -> Actor {
        let address = client_address::shown(self.client_address(req));
        let agent = client_address::user_agent(req.headers());
        self.audit.client(DbTime(self.now().into()), address, agent)
    }

    /// Returns the address, user agent and network of the client that sent a request, to be stored
    /// with the session that the request starts.
    pub(crate) fn client(&self, req: &HttpRequest) -> Client {
        Client {
            address: self.shown_address(req),
            user_agent: client_address::user_agent(req.headers()).unwrap_or_default(),
            network: self.client_network(req),
        }
    }

    /// Returns the values that all security events of a transaction share, with the current time.
    pub(crate) fn moment(&self) -> Moment {
        self.security_events.moment(DbTime(self.clock.now()))
    }

    /// Returns the client address to display, for instance in the list of sessions. Without a
    /// trusted proxy, it is the address that the request claims, so it is only displayed and never
    /// used for decisions.
    fn shown_address(&self, req: &HttpRequest) -> String {
        let address = if self.trusted_proxies.is_empty() {
            client_address::claimed(req.headers())
        } else {
            Some(self.client_address(req))
        };
        address.map(client_address::shown).unwrap_or_default()
    }

    fn client_address(&self, req: &HttpRequest) -> IpAddr {
        let peer = req.peer_addr().map(|peer| peer.ip());
        client_address(peer, req.headers(), &self.trusted_proxies)
    }
}
