//! Properties that hold for any input: nothing panics, and a token that the issuer did not sign is
//! never accepted. A test checks them with random input, and the fuzz target with fuzzed input.

use std::{
    sync::LazyLock,
    time::{Duration, UNIX_EPOCH},
};

use jwks_auth::{Error, TrustedIssuer, Verified, Verifier, bearer_token, testing::Issuer};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

const ISSUER: &str = "https://id.example.com";
const AUDIENCE: &str = "https://api.example.com";
const NOW: u64 = 1_767_322_800;
const HEADER: &str = r#"{"alg":"EdDSA","kid":"first"}"#;

struct Target {
    runtime: Runtime,
    issuer: Issuer,
    verifier: Verifier,
    claims: String,
    good: String,
}

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let inside = runtime.enter();
    let issuer = Issuer::new("first", 1);
    let trusted = TrustedIssuer::with_source(ISSUER, AUDIENCE, issuer.keys());
    let now = UNIX_EPOCH + Duration::from_secs(NOW);
    let verifier = Verifier::builder(trusted).clock(move || now).build().unwrap();
    let claims = json!({ "sub": "ada", "iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 3600 });
    let claims = claims.to_string();
    let good = issuer.sign_text(HEADER, &claims);
    drop(inside);
    Target { runtime, issuer, verifier, claims, good }
});

impl Target {
    fn verify(&self, token: &str) -> Result<Verified<Value>, Error> {
        self.runtime.block_on(self.verifier.verify(token))
    }
}

/// Tries `data` as a header value, as a token, as changes to a valid token, and as the header or
/// the claims of a correctly signed token.
pub(crate) fn nothing_is_accepted_that_was_not_signed(data: &[u8]) {
    let target = &*TARGET;
    let header = [b"Bearer ", data].concat();
    for token in [bearer_token([&*header]).unwrap_or_default(), &String::from_utf8_lossy(data)] {
        assert_eq!(target.verify(token).is_ok(), token == target.good);
    }

    let changed = changed(&target.good, data);
    assert_eq!(target.verify(&changed).is_ok(), changed == target.good);

    let with_header = target.issuer.sign_text(data, &target.claims);
    let with_claims = target.issuer.sign_text(HEADER, data);
    for token in [with_header, with_claims] {
        if let Ok(verified) = target.verify(&token) {
            let registered = verified.registered();
            assert_eq!(registered.iss, ISSUER);
            assert!(registered.exp + 30.0 > 1_767_322_800.0);
            assert!(!registered.sub.trim().is_empty());
        }
    }
    assert!(target.verify(&target.good).is_ok());
}

/// Changes `good`: every three bytes of `data` select a position, an operation and a character.
/// Makes at most eight changes.
fn changed(good: &str, data: &[u8]) -> String {
    let mut token: Vec<char> = good.chars().collect();
    for change in data.chunks_exact(3).take(8) {
        let &[place, how, character] = change else { continue };
        let place = (usize::from(place) + 256 * usize::from(how >> 4)) % token.len().max(1);
        let character = char::from(character);
        match how % 4 {
            0 => token.insert(place, character),
            1 if !token.is_empty() => drop(token.remove(place)),
            2 => token.truncate(place),
            _ => token.get_mut(place).into_iter().for_each(|old| *old = character),
        }
    }
    token.into_iter().collect()
}
