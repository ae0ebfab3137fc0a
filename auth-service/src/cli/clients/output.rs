//! Writes clients as text or JSON.

use std::io::{self, Write as _};

use database::sql_types::DbTime;
use operator_tools::source::printable;
use serde::Serialize;
use shared_models::Timestamp;

use crate::{
    cli::output::{time, write_json, write_table},
    domain::clients::Credential,
    store::OauthClient,
};

/// Writer of a command's results to standard output.
pub(super) struct Output {
    pub(super) is_json: bool,
    pub(super) now: DbTime,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClientBody<'a> {
    id: &'a str,
    name: &'a str,
    scopes: Vec<&'a str>,
    audiences: Vec<&'a str>,
    /// How the client authenticates: `secret`, `public-key`, or `unknown` if the stored credential
    /// is of an unknown type.
    credential: &'static str,
    is_active: bool,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
    /// End of the old credential's validity; `None` unless an old credential is still valid.
    old_credential_expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

impl Output {
    pub(super) fn list(&self, clients: &[OauthClient]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.is_json {
            return clients
                .iter()
                .try_for_each(|client| write_json(&mut out, &self.body(client, None)));
        }
        let header = ["ID", "STATE", "CREATED", "LAST USED", "SCOPES", "NAME"];
        let row = |client: &OauthClient| {
            [
                client.id.clone(),
                if client.is_active { "active" } else { "disabled" }.to_owned(),
                time(client.created_at),
                client.last_used_at.map_or_else(|| "never".to_owned(), time),
                if client.scopes.is_empty() { "-" } else { &client.scopes }.to_owned(),
                client.name.clone(),
            ]
        };
        write_table(&mut out, &[header.map(str::to_owned)], clients.iter().map(row))
    }

    /// Reports a change to a client. `what` is the change, such as "disabled".
    pub(super) fn changed(&self, client: &OauthClient, what: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.is_json {
            return write_json(&mut out, &self.body(client, None));
        }
        writeln!(out, "{what}: {} ({})", printable(&client.name), client.id)
    }

    /// Reports the creation or rotation of a client: its id, its new secret unless it has a public
    /// key, and the end of its old credential's validity, if that is in the future.
    pub(super) fn with_credential(
        &self,
        client: &OauthClient,
        what: &str,
        secret: Option<&str>,
    ) -> io::Result<()> {
        if self.is_json {
            return write_json(&mut io::stdout().lock(), &self.body(client, secret));
        }
        self.changed(client, what)?;
        let mut out = io::stdout().lock();
        writeln!(out, "client_id:     {}", client.id)?;
        if let Some(secret) = secret {
            writeln!(out, "client_secret: {secret}")?;
        }
        match client.old_credential_expires_at.filter(|end| self.now.0 < end.0) {
            Some(end) => writeln!(out, "The old credential is valid until {}.", time(end)),
            None => Ok(()),
        }
    }

    fn body<'a>(&self, client: &'a OauthClient, secret: Option<&'a str>) -> ClientBody<'a> {
        let old_expires_at = client.old_credential_expires_at;
        let credential = match Credential::read(&client.credential) {
            Some(Credential::SecretHash(_)) => "secret",
            Some(Credential::PublicKey(_)) => "public-key",
            None => "unknown",
        };
        ClientBody {
            id: &client.id,
            name: &client.name,
            scopes: client.scopes.split_ascii_whitespace().collect(),
            audiences: client.audiences.split_ascii_whitespace().collect(),
            credential,
            is_active: client.is_active,
            created_at: client.created_at.0.into(),
            last_used_at: client.last_used_at.map(|last| last.0.into()),
            old_credential_expires_at: old_expires_at
                .filter(|end| self.now.0 < end.0)
                .map(|end| end.0.into()),
            secret,
        }
    }
}
