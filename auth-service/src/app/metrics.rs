//! Metrics specific to this service.

use std::time::Duration;

use telemetry::metrics::{Figures, Sheet};
use tokio::time;

use super::AuthService;
use crate::{
    http::{error::Result, state::AppState},
    store::Mail,
};

/// Timeout of the database query during a scrape.
const PATIENCE: Duration = Duration::from_secs(2);

impl Figures for AuthService {
    async fn show(&self, sheet: &mut Sheet) {
        let Self { state, .. } = self;
        state.database.show(sheet);
        state.in_flight.show(sheet);
        state.attempts.show(sheet);
        state.passwords.show(sheet);
        state.audit.show(sheet);
        let waiting = state.security_events.waiting();
        let help = "Number of receivers waiting for security events";
        sheet.gauge("security_event_receivers", help, waiting);
        if let Ok(Ok(depth)) = time::timeout(PATIENCE, outbox_depth(state)).await {
            let help = "Number of e-mails in the outbox; absent while the database is unavailable";
            sheet.gauge("mail_outbox_depth", help, depth);
        }
    }
}

async fn outbox_depth(state: &AppState) -> Result<u64> {
    // Not `read`: on PostgreSQL, it would open a connection that only this thread uses.
    Ok(Mail::count(&mut state.database.read_at_leisure().await?).await?.unsigned_abs())
}
