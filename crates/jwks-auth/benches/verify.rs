//! Time to verify a new token, a cached token and a forged token.
//!
//! `cargo bench -p jwks-auth`

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop here")]

use std::{
    collections::HashSet,
    hint::black_box,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::digest::{SHA256, digest};
use criterion::{Criterion, criterion_group, criterion_main};
use jwks_auth::{TrustedIssuer, Verifier, testing::Issuer};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::runtime::Builder;

const ISSUER: &str = "https://id.example.com";
const AUDIENCE: &str = "https://api.example.com";
const KID: &str = "ExampleKeyId0123456789ABCDEFGHIJ";

/// Claims that a resource server reads.
#[derive(Deserialize)]
struct Claims {
    #[expect(dead_code, reason = "the benchmark measures its deserialization")]
    sub: String,
}

/// Claims like those of Better Auth: the complete user and the registered claims.
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

fn verify(c: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let _inside = runtime.enter();
    let issuer = Issuer::new(KID, 1);
    let token = issuer.sign(&claims());
    let forged = Issuer::new(KID, 2).sign(&claims());
    let verifier = |entries| {
        let trusted = TrustedIssuer::with_source(ISSUER, AUDIENCE, issuer.keys());
        let verifier = Verifier::builder(trusted).token_cache(entries).build().unwrap();
        runtime.block_on(verifier.verify::<Claims>(&token)).unwrap();
        verifier
    };
    let (uncached, cached) = (verifier(0), verifier(10_000));

    let mut group = c.benchmark_group("verify");
    group.bench_function("cold", |b| {
        b.iter(|| runtime.block_on(uncached.verify::<Claims>(black_box(&token))).unwrap());
    });
    group.bench_function("cached", |b| {
        b.iter(|| runtime.block_on(cached.verify::<Claims>(black_box(&token))).unwrap());
    });
    group.bench_function("forged", |b| {
        b.iter(|| runtime.block_on(cached.verify::<Claims>(black_box(&forged))).err().unwrap());
    });
    let key: [u8; 32] = digest(&SHA256, token.as_bytes()).as_ref().try_into().unwrap();
    let known = HashSet::from([key]);
    group.bench_function("ceiling: SHA-256 and a look-up", |b| {
        b.iter(|| known.get(digest(&SHA256, black_box(&token).as_bytes()).as_ref()));
    });
    group.bench_function("ceiling: entering the runtime", |b| {
        b.iter(|| runtime.block_on(async { black_box(&token).len() }));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(3));
    targets = verify
}
criterion_main!(benches);
