//! Writes entries as a table or as JSON.

use std::io::{self, Write as _};

use serde::Serialize;
use shared_models::Timestamp;

use crate::{
    cli::output::{write_json, write_table},
    store::AuditEntry,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryBody<'a> {
    id: &'a str,
    action: &'a str,
    outcome: &'a str,
    actor: &'a str,
    user_id: Option<&'a str>,
    session_id: Option<&'a str>,
    ip_address: Option<&'a str>,
    user_agent: Option<&'a str>,
    detail: Option<&'a str>,
    count: i32,
    created_at: Timestamp,
    last_at: Timestamp,
}

impl<'a> From<&'a AuditEntry> for EntryBody<'a> {
    fn from(entry: &'a AuditEntry) -> Self {
        Self {
            id: &entry.id,
            action: &entry.action,
            outcome: &entry.outcome,
            actor: &entry.actor,
            user_id: entry.user_id.as_deref(),
            session_id: entry.session_id.as_deref(),
            ip_address: entry.ip_address.as_deref(),
            user_agent: entry.user_agent.as_deref(),
            detail: entry.detail.as_deref(),
            count: entry.count,
            created_at: entry.created_at.0.into(),
            last_at: entry.last_at.0.into(),
        }
    }
}

/// Writes entries. `is_cut` tells whether there are more entries than the limit allows.
pub(super) fn write(entries: &[AuditEntry], is_json: bool, is_cut: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if is_json {
        let mut bodies = entries.iter().map(EntryBody::from);
        return bodies.try_for_each(|body| write_json(&mut out, &body));
    }
    let header = ["TIME", "ACTION", "OUTCOME", "ACTOR", "ADDRESS", "USER", "DETAIL"];
    write_table(&mut out, &[header.map(str::to_owned)], entries.iter().map(row))?;
    if is_cut { writeln!(out, "there are more entries: use --limit or --since") } else { Ok(()) }
}

fn row(entry: &AuditEntry) -> [String; 7] {
    let shown = |text: &Option<String>| text.as_deref().unwrap_or("-").to_owned();
    let session = entry.session_id.as_ref().map(|id| format!("session {id}"));
    let count = (entry.count > 1).then(|| format!("{} times", entry.count));
    let detail: Vec<_> = [entry.detail.clone(), session, count].into_iter().flatten().collect();
    [
        entry.created_at.0.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        entry.action.clone(),
        entry.outcome.clone(),
        entry.actor.clone(),
        shown(&entry.ip_address),
        shown(&entry.user_id),
        detail.join(", "),
    ]
}
