//! Environment variables.

use std::process::{Command, Output, Stdio};

use clap::CommandFactory as _;
use task_service::cli::Cli;

/// Runs a command that reads the settings, prints the OpenAPI document and exits.
fn run(variables: &[(&str, &str)]) -> (Output, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_task-service"));
    command.arg("openapi").env_clear().envs(variables.iter().copied()).stdin(Stdio::null());
    let output = command.output().unwrap();
    let text = [&*output.stdout, &*output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output, text)
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let command = Cli::command();
    let names = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str());
    let names: Vec<_> = names.flat_map(|name| [name.to_owned(), format!("{name}_FILE")]).collect();
    assert!(names.len() > 40, "{names:?}");
    let empty: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
    let (output, text) = run(&empty);
    assert!(output.status.success(), "{text}");
}

#[test]
fn switches_accept_all_usual_spellings() {
    for word in ["on", "true", "yes", "1", "TRUE", "off", "false", "no", "0", "False"] {
        let (output, text) = run(&[("MIGRATE", word), ("RATE_LIMIT", word)]);
        assert!(output.status.success(), "{word}: {text}");
    }
    for (name, expected) in [("MIGRATE", "expected on or off"), ("RATE_LIMIT", "expected on, off")]
    {
        let (output, text) = run(&[(name, "maybe")]);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(&format!("{name}: {expected}")), "{text}");
    }
}

#[test]
fn a_url_with_an_unescaped_password_is_not_repeated() {
    for url in ["https://ada:1/hidden@localhost/jwks", "https://ada:1#hidden@localhost/jwks"] {
        let (output, text) = run(&[("BETTER_AUTH_JWKS_URL", url)]);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains("BETTER_AUTH_JWKS_URL") && text.contains("%40"), "{text}");
        assert!(!text.contains("hidden"), "{text}");
    }
}
