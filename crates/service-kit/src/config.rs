//! Configuration from the environment and the command line.

mod environment;
mod example;

use std::{
    error::Error as _,
    fmt,
    num::{IntErrorKind, ParseIntError},
    time::Duration,
};

use clap::{
    Parser,
    error::{ContextKind, ContextValue, ErrorKind},
};
use secrecy::SecretString;
use url::{Position, Url};

pub use self::example::{ExampleSecret, is_on_this_machine, refuse_example};

/// Parses the configuration, or exits with an error.
///
/// If a parser rejects the value of a setting, the error consists of the variable and the reason in
/// one line. Clap's own error would repeat the value, which may be a secret. It is used only for
/// other errors, including a value that is not in a fixed list.
pub fn parse<C: Parser>() -> C {
    let command = environment::apply(C::command()).unwrap_or_else(|error| refuse::<C>(&error));
    let matches = command.try_get_matches().unwrap_or_else(|error| {
        if let (Some(variable), Some(reason)) = (variable(&error), error.source()) {
            match reason.downcast_ref().map(ParseIntError::kind) {
                Some(IntErrorKind::InvalidDigit | IntErrorKind::Empty) => {
                    refuse::<C>(&format_args!("{variable}: expected a whole number"))
                }
                _ => refuse::<C>(&format_args!("{variable}: {reason}")),
            }
        }
        error.exit()
    });
    C::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

fn refuse<C: Parser>(reason: &dyn fmt::Display) -> ! {
    let error = clap::Error::raw(ErrorKind::ValueValidation, format!("{reason}\n"));
    error.with_cmd(&C::command()).exit()
}

/// Returns the name of an invalid argument. clap reports `--bcrypt-cost <BCRYPT_COST>` or `[FILE]`;
/// the name is the part in brackets, which for a setting is its environment variable.
fn variable(error: &clap::Error) -> Option<String> {
    match error.get(ContextKind::InvalidArg)? {
        ContextValue::String(argument) => {
            let (_, name) = argument.split_once(['<', '['])?;
            Some(name.trim_end_matches(['>', ']', '.']).to_owned())
        }
        _ => None,
    }
}

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

/// Parses a duration as [`duration`] does, or `0s`, which turns the setting off.
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

/// Returns whether there is an `@` after the host name. The path may then be the rest of a password
/// with an unescaped slash, and must not be repeated in errors.
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
