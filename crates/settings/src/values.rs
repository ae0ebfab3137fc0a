//! Parsers of values that any service may need, for clap's `value_parser`.

use std::time::Duration;

use secrecy::SecretString;
use url::{Position, Url};

/// Upper limit for all durations.
const MAX_DURATION: Duration = Duration::from_hours(24 * 366 * 10);

/// Parses a duration such as `5m`, `30s` or `1h 30m`, from one second to ten years.
pub fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if (Duration::from_secs(1)..=MAX_DURATION).contains(&duration) => Ok(duration),
        Ok(_) => Err("expected a duration from 1s to 10 years".to_owned()),
        Err(error) => Err(format!("expected a duration such as 5m or 24h: {error}")),
    }
}

/// Parses a duration as [`duration`] does, but also accepts `0s`.
pub fn duration_or_zero(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Ok(Duration::ZERO),
        _ => duration(text),
    }
}

/// Parses a string that is not blank.
pub fn non_blank(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err("must not be blank") } else { Ok(text.to_owned()) }
}

/// Minimum length of a secret in characters.
pub const SECRET_MIN_CHARS: usize = 32;

/// Parses a secret and checks its minimum length. The error does not contain the secret.
pub fn secret(text: &str) -> Result<SecretString, String> {
    if text.chars().count() < SECRET_MIN_CHARS {
        return Err(format!("expected a secret of at least {SECRET_MIN_CHARS} characters"));
    }
    Ok(text.into())
}

/// Parses a switch: `on` or `off`, or one of the usual synonyms.
pub fn switch(text: &str) -> Result<bool, &'static str> {
    match text.trim().to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "y" | "t" | "1" => Ok(true),
        "off" | "false" | "no" | "n" | "f" | "0" => Ok(false),
        _ => Err("expected on or off (true or false, yes or no, 1 or 0)"),
    }
}

pub const RAW_AT: &str = "an @ after the host name: write @ and / in a user name or password as %40 \
                          and %2F, and an @ in a path as %40";

/// Returns whether `url` has an `@` after the host name. The path may then be the rest of a
/// password with an unescaped slash, and must not be repeated in errors.
pub fn has_raw_at(url: &Url) -> bool {
    url[Position::BeforePath..].contains('@')
}

/// Parses an HTTP or HTTPS URL.
pub fn http_url(text: &str) -> Result<Url, &'static str> {
    let refused = "expected an address such as http://localhost:3000/path";
    let url: Url = text.parse().map_err(|_error: url::ParseError| refused)?;
    if has_raw_at(&url) {
        return Err(RAW_AT);
    }
    if matches!(url.scheme(), "http" | "https") && url.has_host() { Ok(url) } else { Err(refused) }
}
