//! Parses the settings of a service.

use std::{
    error::Error as _,
    fmt,
    num::{IntErrorKind, ParseIntError},
};

use clap::{
    Parser,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::environment;

/// Parses the configuration, or exits with an error.
///
/// If a parser rejects the value of a setting, the error consists of the variable and the reason in
/// one line. Clap's own error would repeat the value, which may be a secret. Other errors,
/// including a value that is not in a fixed list, are clap's own.
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
