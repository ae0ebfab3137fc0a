//! Configuration from the environment and the command line.

use std::{error::Error as _, time::Duration};

use clap::{
    Parser,
    error::{ContextKind, ContextValue, ErrorKind},
};

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

/// The variable behind `--bcrypt-cost <BCRYPT_COST>`.
fn variable(error: &clap::Error) -> Option<String> {
    match error.get(ContextKind::InvalidArg)? {
        ContextValue::String(argument) => {
            let (_, name) = argument.split_once('<')?;
            Some(name.trim_end_matches(['>', '.']).to_owned())
        }
        _ => None,
    }
}

/// A duration such as `5m`, `30s` or `1h 30m`; at least a millisecond.
pub fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if duration >= Duration::from_millis(1) => Ok(duration),
        Ok(_) => Err("a duration must not be zero".to_owned()),
        Err(error) => Err(format!("expected a duration such as 5m or 24h: {error}")),
    }
}

/// A text that says something.
pub fn non_blank(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err("must not be blank") } else { Ok(text.to_owned()) }
}
