//! `cargo +nightly fuzz run verify`: checks the properties of `tests/api/arbitrary.rs` with fuzzed
//! input.

#![no_main]

#[path = "../../tests/api/arbitrary.rs"]
mod arbitrary;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| arbitrary::nothing_is_accepted_that_was_not_signed(data));
