//! Tests with random bytes, which come from a fixed seed, so that failures are reproducible.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use proptest::{
    prelude::any,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};

use crate::arbitrary::nothing_is_accepted_that_was_not_signed;

const CASES: u32 = 1_000;

fn runner() -> TestRunner {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

#[test]
fn arbitrary_bytes_are_never_accepted() {
    let bytes = proptest::collection::vec(any::<u8>(), 0..300);
    let check = |data: Vec<u8>| {
        nothing_is_accepted_that_was_not_signed(&data);
        Ok::<(), TestCaseError>(())
    };
    runner().run(&bytes, check).unwrap();
}

#[test]
fn token_like_input_is_never_accepted() {
    let part = || proptest::collection::vec(any::<u8>(), 0..80);
    let check = |(header, claims, signature): (Vec<u8>, Vec<u8>, Vec<u8>)| {
        let parts = [header, claims, signature].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        nothing_is_accepted_that_was_not_signed(parts.join(".").as_bytes());
        Ok::<(), TestCaseError>(())
    };
    runner().run(&(part(), part(), part()), check).unwrap();
}
