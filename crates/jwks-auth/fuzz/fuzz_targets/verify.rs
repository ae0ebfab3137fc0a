//! `cargo +nightly fuzz run verify`: the same promise that a test of the crate checks on random
//! bytes.

#![no_main]

#[path = "../../tests/api/arbitrary.rs"]
mod arbitrary;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| arbitrary::nothing_is_accepted_that_was_not_signed(data));
