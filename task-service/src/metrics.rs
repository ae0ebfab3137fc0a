//! The figures that are this service's own.

use actix_web::web::Data;
use jwks_auth::{IssuerStats, Stats, Verifier};
use service_kit::metrics::{Build, Figures, Sheet};

use crate::state::AppState;

pub(crate) const BUILD: Build =
    Build { service: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") };

/// Where they are read from.
pub(crate) struct Shown {
    pub(crate) state: Data<AppState>,
    pub(crate) verifier: Data<Verifier>,
}

impl Figures for Shown {
    async fn show(&self, sheet: &mut Sheet) {
        self.state.database.show(sheet);
        self.state.rate_limiter.show(sheet);
        let stats = self.verifier.stats();
        show_verifications(&stats, sheet);
        show_cache(&stats, sheet);
        show_keys(&stats.issuers, sheet);
    }
}

fn show_verifications(stats: &Stats, sheet: &mut Sheet) {
    let refused: u64 = stats.refused.iter().map(|(_, count)| count).sum();
    let outcomes = [
        ("accepted", stats.accepted),
        ("expired", stats.expired),
        ("refused", refused),
        ("unavailable", stats.unavailable),
    ];
    sheet.counters(
        "token_verifications",
        "Tokens by what became of them",
        outcomes.map(|(outcome, count)| (vec![("outcome", outcome.to_owned())], count)),
    );
}

fn show_cache(stats: &Stats, sheet: &mut Sheet) {
    let cache = &stats.cache;
    for (name, help, count) in [
        ("token_cache_hits", "Tokens that were verified already", cache.hits),
        ("token_cache_misses", "Tokens that were not", cache.misses),
        ("token_cache_evictions", "Verified tokens that made room for others", cache.evictions),
    ] {
        sheet.counter(name, help, count);
    }
    sheet.gauge("token_cache_entries", "Verified tokens that are kept", cache.entries);
    sheet.gauge("token_cache_bytes", "What they take", cache.bytes);
}

fn show_keys(issuers: &[IssuerStats], sheet: &mut Sheet) {
    let label = |issuer: &IssuerStats| ("issuer", issuer.issuer.clone());
    let outcomes = |issuer: &IssuerStats| {
        [("ok", issuer.fetches_ok), ("failed", issuer.fetches_failed)]
            .map(|(outcome, count)| (vec![label(issuer), ("outcome", outcome.to_owned())], count))
    };
    sheet.counters(
        "jwks_fetches",
        "How often an issuer's keys were fetched",
        issuers.iter().flat_map(outcomes),
    );
    sheet.gauges(
        "jwks_age_seconds",
        "How long ago an issuer's keys were fetched; absent if they never were",
        issuers.iter().filter_map(|issuer| Some((vec![label(issuer)], issuer.keys_age?))),
    );
    sheet.gauges(
        "jwks_keys",
        "Keys of an issuer that can be used",
        issuers.iter().map(|issuer| (vec![label(issuer)], issuer.keys)),
    );
    sheet.gauges(
        "jwks_ready",
        "Whether an issuer's keys are here and young enough: 1 or 0",
        issuers.iter().map(|issuer| (vec![label(issuer)], issuer.is_ready)),
    );
}
