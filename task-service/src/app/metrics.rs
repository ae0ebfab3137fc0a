//! Metrics specific to this service.

use jwks_auth::{FeedStats, IssuerStats, Stats};
use telemetry::metrics::{Figures, Sheet};

use super::TaskService;

impl Figures for TaskService {
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
        "Token verifications by outcome",
        outcomes.map(|(outcome, count)| (vec![("outcome", outcome.to_owned())], count)),
    );
}

fn show_cache(stats: &Stats, sheet: &mut Sheet) {
    let cache = &stats.cache;
    for (name, help, count) in [
        ("token_cache_hits", "Lookups that found the token in the cache", cache.hits),
        ("token_cache_misses", "Lookups that did not find the token", cache.misses),
        ("token_cache_evictions", "Tokens evicted because the cache was full", cache.evictions),
    ] {
        sheet.counter(name, help, count);
    }
    sheet.gauge("token_cache_entries", "Number of tokens in the cache", cache.entries);
    sheet.gauge("token_cache_bytes", "Size of the token cache in bytes", cache.bytes);
}

fn show_keys(issuers: &[IssuerStats], sheet: &mut Sheet) {
    let label = |issuer: &IssuerStats| ("issuer", issuer.issuer.clone());
    let outcomes = |issuer: &IssuerStats| {
        [("ok", issuer.fetches_ok), ("failed", issuer.fetches_failed)]
            .map(|(outcome, count)| (vec![label(issuer), ("outcome", outcome.to_owned())], count))
    };
    sheet.counters(
        "jwks_fetches",
        "Key set fetches by issuer and outcome",
        issuers.iter().flat_map(outcomes),
    );
    sheet.gauges(
        "jwks_age_seconds",
        "Age of an issuer's key set; absent if it was never fetched",
        issuers.iter().filter_map(|issuer| Some((vec![label(issuer)], issuer.keys_age?))),
    );
    sheet.gauges(
        "jwks_keys",
        "Number of usable keys of an issuer",
        issuers.iter().map(|issuer| (vec![label(issuer)], issuer.keys)),
    );
    sheet.gauges(
        "jwks_ready",
        "Whether an issuer's key set is available and not too old (1) or not (0)",
        issuers.iter().map(|issuer| (vec![label(issuer)], issuer.is_ready)),
    );
}

fn show_feed(feed: FeedStats, sheet: &mut Sheet) {
    for (name, help, count) in [
        ("security_events", "Security events received", feed.events),
        ("security_event_failures", "Failed requests for security events", feed.failures),
    ] {
        sheet.counter(name, help, count);
    }
    let help = "Whether all security events have been received (1) or not (0)";
    sheet.gauge("security_events_current", help, feed.is_current);
    let help = "Time since the issuer last responded to a request for security events";
    sheet.gauge("security_events_silent_seconds", help, feed.silent_for);
    sheet.gauge("revocations", "Number of revocations in memory", feed.revocations);
}
