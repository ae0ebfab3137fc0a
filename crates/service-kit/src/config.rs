//! Configuration from the environment and the command line.

mod example;

use std::{error::Error as _, time::Duration};

use clap::{
    Parser,
    error::{ContextKind, ContextValue, ErrorKind},
};
use url::Url;

pub use self::example::{ExampleSecret, refuse_example};

/// Reads the configuration, or ends the process with one line that names the variable.
///
/// The refused value is not repeated: it may be a secret.
pub fn parse<C: Parser>() -> C {
    C::try_parse().unwrap_or_else(|error| {
        if let (Some(variable), Some(reason)) = (variable(&error), error.source()) {
            let command = C::command();
            let _ = clap::Error::raw(ErrorKind::ValueValidation, format!("{variable}: {reason}\n"))
                .with_cmd(&command)
                .print();
            std::process::exit(2);
        }
        error.exit()
    })
}

/// The variable behind `--bcrypt-cost <BCRYPT_COST>`, or the name of an argument such as `[FILE]`.
fn variable(error: &clap::Error) -> Option<String> {
    match error.get(ContextKind::InvalidArg)? {
        ContextValue::String(argument) => {
            let (_, name) = argument.split_once(['<', '['])?;
            Some(name.trim_end_matches(['>', ']', '.']).to_owned())
        }
        _ => None,
    }
}

/// The longest duration that makes sense anywhere.
const MAX_DURATION: Duration = Duration::from_hours(24 * 366 * 10);

/// A duration such as `5m`, `30s` or `1h 30m`: from a second to ten years.
pub fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if (Duration::from_secs(1)..=MAX_DURATION).contains(&duration) => Ok(duration),
        Ok(_) => Err("a duration is from 1s to 10 years".to_owned()),
        Err(error) => Err(format!("expected a duration such as 5m or 24h: {error}")),
    }
}

/// A duration as above, or `0s`, which switches off what it limits.
pub fn duration_or_zero(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Ok(Duration::ZERO),
        _ => duration(text),
    }
}

/// A text that says something.
pub fn non_blank(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err("must not be blank") } else { Ok(text.to_owned()) }
}

/// The address of something that speaks HTTP.
pub fn http_url(text: &str) -> Result<Url, &'static str> {
    let refused = "expected an address such as http://localhost:3000/path";
    let url: Url = text.parse().map_err(|_error: url::ParseError| refused)?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() { Ok(url) } else { Err(refused) }
}
