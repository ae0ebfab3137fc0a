//! Environment variables: an empty variable counts as unset, and `NAME_FILE` names a file that
//! contains the value of the secret setting `NAME`.

use std::{env, ffi::OsString, fs, path::PathBuf};

use clap::{Arg, Command};

use crate::ownership::PathError;

#[derive(Debug, thiserror::Error)]
pub(super) enum SecretFileError {
    #[error("{0} and {0}_FILE are both set: unset one of them")]
    Both(String),
    #[error("{0}_FILE: cannot read {1}")]
    Unreadable(String, PathError),
    #[error("{0}_FILE: {path} is empty", path = .1.display())]
    Empty(String, PathBuf),
}

/// Applies the rules of this module to the arguments of `command`.
pub(super) fn apply(command: Command) -> Result<Command, SecretFileError> {
    apply_to(command, &|variable| env::var_os(variable))
}

fn apply_to(
    command: Command,
    environment: &impl Fn(&str) -> Option<OsString>,
) -> Result<Command, SecretFileError> {
    let set = |variable: &str| environment(variable).filter(|value| !value.is_empty());
    let (mut secrets, mut refused) = (Vec::new(), None);
    let command = command.mut_args(|argument| {
        // Fixed values may be written in any case, such as `None` for `COOKIE_SAME_SITE`, the usual
        // spelling of the cookie attribute.
        let argument = argument.ignore_case(true);
        let Some(variable) = argument.get_env().and_then(|name| name.to_str()).map(str::to_owned)
        else {
            return argument;
        };
        let is_empty = environment(&variable).is_some_and(|value| value.is_empty());
        let argument = if is_empty { without_env(argument, &variable) } else { argument };
        if !argument.is_hide_env_values_set() {
            return argument;
        }
        secrets.push(format!("{variable}_FILE"));
        let (is_set, file) = (set(&variable).is_some(), set(&format!("{variable}_FILE")));
        match file.map(|file| read(variable, is_set, file.into())) {
            Some(Ok(secret)) => with_secret(argument, secret),
            Some(Err(error)) => {
                refused.get_or_insert(error);
                argument
            }
            None => argument,
        }
    });
    match refused {
        Some(error) => Err(error),
        None => Ok(command.after_help(format!(
            "Each of these variables names a file that contains the value of a setting: {}",
            secrets.join(", ")
        ))),
    }
}

/// Makes clap ignore an empty variable, which it would read as an empty value. The variable of an
/// argument cannot be removed, so it is renamed to `NAME (empty)`: no variable has a name with a
/// space, and `--help` still shows the original name.
fn without_env(argument: Arg, variable: &str) -> Arg {
    let name: &'static str = format!("{variable} (empty)").leak();
    argument.env(name)
}

/// Adds the secret as a default value, so that the command line takes precedence over the file, as
/// it does over the environment.
fn with_secret(argument: Arg, secret: String) -> Arg {
    // clap requires `'static` values.
    let secret: &'static str = secret.leak();
    argument.default_value(secret).hide_default_value(true)
}

fn read(variable: String, is_set: bool, path: PathBuf) -> Result<String, SecretFileError> {
    if is_set {
        return Err(SecretFileError::Both(variable));
    }
    match fs::read_to_string(&path) {
        Ok(text) if text.trim().is_empty() => Err(SecretFileError::Empty(variable, path)),
        // Editors and `echo` end a file with a line break.
        Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
        Err(error) => Err(SecretFileError::Unreadable(variable, PathError::new(path, error))),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Settings {
        #[arg(long, env = "ENVIRONMENT_TEST_PORT", default_value_t = 3000)]
        port: u16,
        #[arg(long, env = "ENVIRONMENT_TEST_SECRET", hide_env_values = true)]
        secret: Option<String>,
    }

    fn read_with(variables: &[(&str, &str)], arguments: &[&str]) -> Result<Settings, String> {
        use clap::{CommandFactory as _, FromArgMatches as _};
        let find = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let command = apply_to(Settings::command(), &find).map_err(|error| error.to_string())?;
        let arguments = [&["program"], arguments].concat();
        let matches = command.try_get_matches_from(arguments).map_err(|error| error.to_string())?;
        Settings::from_arg_matches(&matches).map_err(|error| error.to_string())
    }

    #[test]
    fn a_secret_comes_from_its_file_without_the_line_break() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        fs::write(&file, "hunter2 \r\n").unwrap();
        let variable = ("ENVIRONMENT_TEST_SECRET_FILE", file.to_str().unwrap());

        let settings = read_with(&[variable], &[]).unwrap();
        assert_eq!((settings.port, settings.secret.as_deref()), (3000, Some("hunter2 ")));
        let settings = read_with(&[variable], &["--secret", "given"]).unwrap();
        assert_eq!(settings.secret.as_deref(), Some("given"));
        let settings = read_with(&[("ENVIRONMENT_TEST_SECRET_FILE", "")], &[]).unwrap();
        assert_eq!(settings.secret, None);
    }

    #[test]
    fn a_file_that_cannot_be_used_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty");
        fs::write(&empty, "\n").unwrap();
        let missing = folder.path().join("missing");
        let variable = "ENVIRONMENT_TEST_SECRET_FILE";
        for (file, also, reason) in [
            (&empty, "", "is empty"),
            (&missing, "", "cannot read"),
            (&empty, "hunter2", "are both set"),
        ] {
            let file = file.to_str().unwrap();
            let variables = [(variable, file), ("ENVIRONMENT_TEST_SECRET", also)];
            let refused = read_with(&variables, &[]).err().unwrap();
            assert!(refused.contains(reason) && refused.contains(variable), "{refused}");
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }
}
