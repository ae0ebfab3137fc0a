//! Follows the issuer's feed of security events in the background.

use std::{
    fmt,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use reqwest::header::{HeaderValue, InvalidHeaderValue};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};
use url::Url;

use super::{
    EventKind, SecurityEvent,
    reader::{EventQuery, EventReader, FeedError},
    revocations::Revocations,
};
use crate::{
    claims::{RegisteredClaims, Rules},
    clock::Now,
    error::{BuildError, Error, Refusal},
    keys::Keys,
    stats::FeedStats,
    verified::Facts,
};

/// Delay before the first retry; it doubles with each failure, up to `LONGEST_PAUSE`. Also the
/// delay after a response without events.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Maximum number of events per request.
const MAX_EVENTS: u32 = 500;
/// Interval at which expired revocations are removed.
const PRUNE_EVERY: Duration = Duration::from_mins(1);
/// Retry delay for clients that are rejected because the feed is silent.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Policy for tokens while the feed is silent and new revocations are therefore unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenSilent {
    /// Accept them until they expire, except those whose revocation is already known.
    #[default]
    Accept,
    /// Reject them with [`Error::Unavailable`].
    Refuse,
}

/// The security events feed of the primary issuer.
pub struct EventFeed {
    url: Url,
    authorization: HeaderValue,
    max_silence: Duration,
    when_silent: WhenSilent,
}

impl fmt::Debug for EventFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventFeed")
            .field("max_silence", &self.max_silence)
            .field("when_silent", &self.when_silent)
            .finish_non_exhaustive()
    }
}

impl EventFeed {
    /// Creates a feed; `secret` is sent as a bearer token. Returns an error if the secret is not a
    /// valid header value.
    pub fn new(url: Url, secret: &str) -> Result<Self, BuildError> {
        let authorization = HeaderValue::try_from(format!("Bearer {secret}"));
        let mut authorization =
            authorization.map_err(|_error: InvalidHeaderValue| BuildError::Secret)?;
        authorization.set_sensitive(true);
        let max_silence = Duration::from_mins(1);
        Ok(Self { url, authorization, max_silence, when_silent: WhenSilent::default() })
    }

    /// Sets the time without a response after which the feed counts as silent. It must exceed the
    /// 30 seconds that a request may take. Default: 1 minute.
    #[must_use]
    pub fn max_silence(mut self, max_silence: Duration) -> Self {
        self.max_silence = max_silence;
        self
    }

    /// Sets the policy for tokens while the feed is silent. Default: [`WhenSilent::Accept`].
    #[must_use]
    pub fn when_silent(mut self, when_silent: WhenSilent) -> Self {
        self.when_silent = when_silent;
        self
    }

    /// Follows the feed in the background until the returned value is dropped.
    pub(crate) fn start(
        self,
        rules: Rules,
        keys: Arc<Keys>,
        now: Now,
        client: Option<reqwest::Client>,
    ) -> Result<Arc<Follower>, reqwest::Error> {
        let known = Arc::clone(&keys);
        let reader = EventReader::new(self.url, self.authorization, rules, known, client)?;
        let follower = Arc::new(Follower {
            reader,
            keys,
            revocations: Revocations::default(),
            max_silence: self.max_silence,
            when_silent: self.when_silent,
            now,
            started: Instant::now(),
            heard: AtomicU64::new(0),
            has_caught_up: AtomicBool::new(false),
            events: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        });
        tokio::spawn(follow(Arc::downgrade(&follower)));
        Ok(follower)
    }
}

/// Known revocations and the state of the feed.
pub(crate) struct Follower {
    pub(crate) reader: EventReader,
    keys: Arc<Keys>,
    revocations: Revocations,
    max_silence: Duration,
    when_silent: WhenSilent,
    now: Now,
    started: Instant,
    /// Time of the last response that left no more events to fetch, in milliseconds since
    /// `started`.
    heard: AtomicU64,
    /// Whether a response has left no more events to fetch, so that all past events are known.
    has_caught_up: AtomicBool,
    events: AtomicU64,
    failures: AtomicU64,
}

impl Follower {
    /// Rejects a revoked token, or, depending on the policy, every token while revocations may be
    /// out of date.
    pub(crate) fn check(&self, claims: &RegisteredClaims) -> Result<(), Error> {
        self.check_silence()?;
        if self.revocations.has(claims) { Err(Error::Refused(Refusal::Revoked)) } else { Ok(()) }
    }

    /// Checks a token like [`Self::check`], but searches the revocations only if they have changed
    /// since the token was last checked.
    pub(crate) fn check_again(&self, facts: &Facts) -> Result<(), Error> {
        let generation = self.revocations.generation();
        if facts.revocations_seen.load(Ordering::Relaxed) == generation {
            return self.check_silence();
        }
        self.check(&facts.registered)?;
        facts.revocations_seen.store(generation, Ordering::Relaxed);
        Ok(())
    }

    fn check_silence(&self) -> Result<(), Error> {
        if self.when_silent == WhenSilent::Refuse && !self.is_current() {
            return Err(Error::Unavailable { retry_after: RETRY_AFTER });
        }
        Ok(())
    }

    /// Returns whether revocations are up to date, within the tolerated silence.
    pub(crate) fn is_current(&self) -> bool {
        self.has_caught_up.load(Ordering::Relaxed) && self.silent_for() <= self.max_silence
    }

    fn silent_for(&self) -> Duration {
        let heard = Duration::from_millis(self.heard.load(Ordering::Relaxed));
        self.started.elapsed().saturating_sub(heard)
    }

    pub(crate) fn stats(&self) -> FeedStats {
        FeedStats {
            is_current: self.is_current(),
            is_required: self.when_silent == WhenSilent::Refuse,
            has_begun: self.has_caught_up.load(Ordering::Relaxed)
                || self.silent_for() > self.max_silence,
            silent_for: self.silent_for(),
            revocations: self.revocations.len(),
            events: self.events.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
        }
    }

    fn apply(&self, events: &[SecurityEvent]) {
        let count = u64::try_from(events.len()).unwrap_or(u64::MAX);
        self.events.fetch_add(count, Ordering::Relaxed);
        for event in events.iter().filter(|event| event.kind == EventKind::KeyRevoked) {
            if let Some(kid) = &event.subject.key {
                self.keys.revoke(kid);
            }
        }
        self.revocations.add(events, self.seconds_now());
    }

    fn seconds_now(&self) -> u64 {
        let now = (self.now)().duration_since(SystemTime::UNIX_EPOCH);
        now.unwrap_or_default().as_secs()
    }
}

async fn follow(follower: Weak<Follower>) {
    let mut query = EventQuery {
        max_events: Some(MAX_EVENTS),
        valid_tokens_only: true,
        // Otherwise, an empty feed would delay the first response, and with it `has_caught_up`.
        return_immediately: true,
        ..EventQuery::default()
    };
    let mut pause = FIRST_PAUSE;
    let (mut is_connected, mut pruned) = (false, Instant::now());
    // During a poll, this task holds no strong reference to the follower, so that the task does not
    // keep it alive.
    while let Some(reader) = follower.upgrade().map(|follower| follower.reader.clone()) {
        let polled = reader.poll(&query).await;
        let Some(follower) = follower.upgrade() else { return };
        match polled {
            Ok(batch) => {
                follower.apply(&batch.events);
                query.cursor = Some(batch.cursor);
                if !batch.more_available {
                    let heard = follower.started.elapsed().as_millis();
                    follower
                        .heard
                        .store(u64::try_from(heard).unwrap_or(u64::MAX), Ordering::Relaxed);
                    follower.has_caught_up.store(true, Ordering::Relaxed);
                    if !is_connected {
                        info!("receiving security events");
                    }
                    is_connected = true;
                    query.return_immediately = false;
                }
                pause = FIRST_PAUSE;
                if batch.events.is_empty() {
                    // Limits the rate of requests if the issuer does not support long polling.
                    sleep(FIRST_PAUSE).await;
                }
            }
            Err(error) => {
                let failures = follower.failures.fetch_add(1, Ordering::Relaxed);
                if is_connected || failures == 0 {
                    warn!(error = %with_cause(&error), "cannot receive security events, retrying");
                }
                is_connected = false;
                query.return_immediately = true;
                sleep(pause).await;
                pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
            }
        }
        if pruned.elapsed() >= PRUNE_EVERY {
            follower.revocations.prune(follower.seconds_now());
            pruned = Instant::now();
        }
    }
}

fn with_cause(error: &FeedError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
