//! Metrics specific to this service.

use actix_web::web::Data;
use jwks_auth::{FeedStats, IssuerStats, Stats, Verifier};
use service_kit::metrics::{Build, Figures, Sheet};

use crate::http::state::AppState;

pub(crate) const BUILD: Build =
    Build { service: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") };

/// Source of the metrics.
pub(crate) struct Shown {
    pub(crate) state: Data<AppState>,
    pub(crate) verifier: Data<Verifier>,
}

impl Figures for Shown {
    async fn show(&self, sheet: &mut Sheet) {
        self.state.database.show(sheet);
        self.state.rate_limiter.show(sheet);
        self.state.long_reads.show(sheet);
        self.state.in_flight.show(sheet);
        let stats = self.verifier.stats();
        show_verifications(&stats, sheet);
        show_cache(&stats, sheet);
        show_keys(&stats.issuers, sheet);
        if let Some(feed) = stats.feed {
            show_feed(feed, sheet);
        }
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
        "Verified tokens by outcome",
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
    sheet.gauge("token_cache_bytes", "Size of the cache of verified tokens", cache.bytes);
}

fn show_keys(issuers: &[IssuerStats], sheet: &mut Sheet) {
    let label = |issuer: &IssuerStats| ("issuer", issuer.issuer.clone());
    let outcomes = |issuer: &IssuerStats| {
        [("ok", issuer.fetches_ok), ("failed", issuer.fetches_failed)]
            .map(|(outcome, count)| (vec![label(issuer), ("outcome", outcome.to_owned())], count))
    };
    sheet.counters(
        "jwks_fetches",
        "Fetches of the keys of issuers by outcome",
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

fn show_feed(feed: FeedStats, sheet: &mut Sheet) {
    for (name, help, count) in [
        ("security_events", "Security events received", feed.events),
        ("security_event_failures", "Requests for security events that failed", feed.failures),
    ] {
        sheet.counter(name, help, count);
    }
    let help = "Whether all security events were received (1) or not (0)";
    sheet.gauge("security_events_current", help, feed.is_current);
    let help = "Time since the issuer last responded to a request for security events";
    sheet.gauge("security_events_silent_seconds", help, feed.silent_for);
    sheet.gauge("revocations", "Ended sessions and users in memory", feed.revocations);
}
