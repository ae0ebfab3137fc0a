//! Parses secrets, and recognizes those that are easy to guess.

use std::{collections::HashSet, num::ParseIntError};

use secrecy::SecretString;
use settings::secret;

/// Substrings of the placeholders for secrets in examples and documentation, in lower case.
const PLACEHOLDERS: [&str; 11] = [
    "openssl",
    "generate-",
    "change-me",
    "change_me",
    "changeme",
    "replace-me",
    "replace_me",
    "placeholder",
    "your-secret",
    "your_secret",
    "better-auth-secret",
];
/// Minimum number of distinct characters in a secret. Fewer than one in ten million random secrets
/// of 32 hexadecimal digits are below this minimum.
const MIN_DIFFERENT_CHARS: usize = 8;

/// Returns whether a secret contains a known placeholder, is enclosed in angle brackets, or has a
/// pattern that random secrets do not have: few distinct characters, a part that is repeated
/// throughout, or mostly neighboring characters such as `abc` and `321`.
pub(super) fn is_guessable(secret: &str) -> bool {
    let lower_case = secret.to_lowercase();
    let bytes = secret.as_bytes();
    let different: HashSet<_> = bytes.iter().collect();
    let repeats = (1..=bytes.len() / 2)
        .any(|period| bytes.iter().zip(bytes.iter().skip(period)).all(|(a, b)| a == b));
    let steps =
        bytes.iter().zip(bytes.iter().skip(1)).filter(|(a, b)| a.abs_diff(**b) <= 1).count();
    PLACEHOLDERS.iter().any(|placeholder| lower_case.contains(placeholder))
        || (secret.starts_with('<') && secret.ends_with('>'))
        || different.len() < MIN_DIFFERENT_CHARS
        || repeats
        || steps * 2 > bytes.len()
}

/// A secret from `BETTER_AUTH_SECRETS` with its version.
#[derive(Clone, Debug)]
pub struct VersionedSecret {
    pub(super) version: u32,
    pub(super) secret: SecretString,
}

/// Parses `<version>:<secret>`, Better Auth's format. The error does not contain the secret.
pub(super) fn versioned_secret(text: &str) -> Result<VersionedSecret, String> {
    let Some((version, text)) = text.trim().split_once(':') else {
        return Err("expected a version before each secret, such as 2:<new>,1:<old>".to_owned());
    };
    let version = version.parse().map_err(|_error: ParseIntError| {
        "the version before a secret must be a whole number, such as 2:<new>,1:<old>"
    })?;
    Ok(VersionedSecret { version, secret: secret(text.trim())? })
}

#[cfg(test)]
mod tests {
    use rand::distr::{Alphanumeric, SampleString as _};

    use super::*;

    #[test]
    fn guessable_secrets_are_distinguished_from_random_ones() {
        for secret in [
            "<generate-with-openssl-rand-base64-32>",
            "your-secret-key-that-is-long-enough-0",
            "CHANGEME-CHANGEME-CHANGEME-CHANGEME-1",
            "better-auth-secret-12345678901234567890",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "0123456789abcdef0123456789abcdef",
            "abcdefghijklmnopqrstuvwxyz0123456789",
            "s3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3t",
        ] {
            assert!(is_guessable(secret), "{secret}");
        }
        for secret in [
            "4f1c9e0b7a2d86f35ce81b90d7a4e263",
            "q3ZJ0m8tXv1cR5yLw7PkN2sB9hGdE4uF6aTiYoC=",
            "correct horse battery staple, and so on",
        ] {
            assert!(!is_guessable(secret), "{secret}");
        }
        for _ in 0..1000 {
            assert!(!is_guessable(&Alphanumeric.sample_string(&mut rand::rng(), 32)));
        }
    }
}
