//! The figures that are this service's own.

use std::time::Duration;

use actix_web::web::Data;
use service_kit::metrics::{Build, Figures, Sheet};
use tokio::time;

use crate::{error::Result, models::Mail, state::AppState};

pub(crate) const BUILD: Build =
    Build { service: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") };

/// How long somebody who asks waits for the database.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where they are read from.
pub(crate) struct Shown(pub(crate) Data<AppState>);

impl Figures for Shown {
    async fn show(&self, sheet: &mut Sheet) {
        let Self(state) = self;
        state.database.show(sheet);
        state.attempts.show(sheet);
        state.passwords.show(sheet);
        if let Ok(Ok(depth)) = time::timeout(PATIENCE, outbox_depth(state)).await {
            let help = "Mails that are still to be sent; absent while the database is away";
            sheet.gauge("mail_outbox_depth", help, depth);
        }
    }
}

async fn outbox_depth(state: &AppState) -> Result<u64> {
    // This thread has no other use for connections that threads have for themselves.
    let mut pooled = state.database.read_at_leisure().await?;
    Ok(Mail::count(&mut pooled.conn()).await?.unsigned_abs())
}
