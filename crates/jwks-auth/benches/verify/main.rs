//! Measures the time to verify new, cached and forged tokens, with several algorithms, and with a
//! verifier that follows security events.
//!
//! `cargo bench -p jwks-auth`

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop here")]

mod feed;

use std::{
    collections::HashSet,
    hint::black_box,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::digest::{SHA256, digest};
use criterion::{Criterion, criterion_group, criterion_main};
use jwks_auth::{
    Algorithm, EventFeed, TrustedIssuer, Verified, Verifier, VerifierBuilder, WhenSilent,
    testing::Issuer,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    runtime::{Builder, Runtime},
    task::yield_now,
};

const ISSUER: &str = "https://id.example.com";
const AUDIENCE: &str = "https://api.example.com";
const KID: &str = "ExampleKeyId0123456789ABCDEFGHIJ";

/// Claims that a resource server reads.
#[derive(Deserialize)]
struct Claims {
    #[expect(dead_code, reason = "the benchmark measures its deserialization")]
    sub: String,
}

/// Returns claims like those of Better Auth: the complete user and the registered claims.
fn claims() -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    json!({
        "iat": now, "name": "Ada Example", "email": "ada@example.com", "emailVerified": true,
        "image": null, "createdAt": "2026-01-02T03:00:00.123Z",
        "updatedAt": "2026-01-02T03:00:00.123Z", "id": "01940d2e-6a1b-7c3d-8e4f-5a6b7c8d9e0f",
        "sub": "01940d2e-6a1b-7c3d-8e4f-5a6b7c8d9e0f", "exp": now + 86_400, "iss": ISSUER,
        "aud": AUDIENCE, "jti": "01940d2e-6a1b-7c3d-8e4f-5a6b7c8d9e10",
        "sid": "01940d2e-6a1b-7c3d-8e4f-5a6b7c8d9e11"
    })
}

/// An issuer, one of its tokens, and a runtime for verifiers.
struct World {
    runtime: Runtime,
    issuer: Issuer,
    token: String,
}

impl World {
    fn new() -> Self {
        Self::with(Issuer::new(KID, 1))
    }

    fn with(issuer: Issuer) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        Self { runtime, token: issuer.sign(&claims()), issuer }
    }

    /// Returns a verifier that has verified the token and, if it follows a feed, has received all
    /// events.
    fn verifier(&self, settings: impl FnOnce(VerifierBuilder) -> VerifierBuilder) -> Verifier {
        let _inside = self.runtime.enter();
        let trusted = TrustedIssuer::with_source(ISSUER, AUDIENCE, self.issuer.keys());
        let trusted = trusted.algorithms(Algorithm::ALL.iter().copied());
        let verifier = settings(Verifier::builder(trusted)).build().unwrap();
        self.runtime.block_on(async {
            while verifier.stats().feed.is_some_and(|feed| !feed.is_current) {
                yield_now().await;
            }
            verifier.verify::<Claims>(&self.token).await.unwrap();
        });
        verifier
    }

    fn verify(&self, verifier: &Verifier) -> Verified<Claims> {
        self.runtime.block_on(verifier.verify(black_box(&self.token))).unwrap()
    }
}

fn verify(c: &mut Criterion) {
    let world = World::new();
    let World { runtime, token, .. } = &world;
    let forged = Issuer::new(KID, 2).sign(&claims());
    let uncached = world.verifier(|builder| builder.token_cache(0));
    let cached = world.verifier(|builder| builder);

    let mut group = c.benchmark_group("verify");
    group.bench_function("cold", |b| b.iter(|| world.verify(&uncached)));
    group.bench_function("cached", |b| b.iter(|| world.verify(&cached)));
    group.bench_function("forged", |b| {
        b.iter(|| runtime.block_on(cached.verify::<Claims>(black_box(&forged))).err().unwrap());
    });
    let key: [u8; 32] = digest(&SHA256, token.as_bytes()).as_ref().try_into().unwrap();
    let known = HashSet::from([key]);
    group.bench_function("ceiling: SHA-256 and a look-up", |b| {
        b.iter(|| known.get(digest(&SHA256, black_box(token).as_bytes()).as_ref()));
    });
    group.bench_function("ceiling: entering the runtime", |b| {
        b.iter(|| runtime.block_on(async { black_box(token).len() }));
    });
    group.finish();
}

/// Measures the algorithms, except RS384, RS512, PS384 and PS512, which take about as long as RS256
/// and PS256.
fn verify_by_algorithm(c: &mut Criterion) {
    let mut group = c.benchmark_group("verify");
    for algorithm in
        [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Es384, Algorithm::Rs256, Algorithm::Ps256]
    {
        let world = World::with(Issuer::generate(KID, algorithm));
        let uncached = world.verifier(|builder| builder.token_cache(0));
        let cached = world.verifier(|builder| builder);
        group.bench_function(format!("cold, {algorithm}"), |b| b.iter(|| world.verify(&uncached)));
        group.bench_function(format!("cached, {algorithm}"), |b| b.iter(|| world.verify(&cached)));
    }
    group.finish();
}

/// Measures the verification of a cached token by a verifier that follows security events.
fn verify_with_events(c: &mut Criterion) {
    let world = World::new();
    let url = feed::start(&world.issuer, KID, [ISSUER, AUDIENCE]);
    let mut group = c.benchmark_group("verify");
    for (name, policy) in [
        ("cached, events followed", WhenSilent::Accept),
        ("cached, events required", WhenSilent::Refuse),
    ] {
        let feed = EventFeed::new(url.parse().unwrap(), "a secret").unwrap();
        let feed = feed.when_silent(policy).max_silence(Duration::from_hours(1));
        let verifier = world.verifier(|builder| builder.follow(feed));
        group.bench_function(name, |b| b.iter(|| world.verify(&verifier)));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(3));
    targets = verify, verify_by_algorithm, verify_with_events
}
criterion_main!(benches);
