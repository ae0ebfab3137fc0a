//! Settings from environment variables, and secrets from files.

use std::{fs, net::TcpListener, process::Output};

use auth_service::cli::Cli;
use clap::CommandFactory as _;

use crate::{app::SECRET, secrets::process};

/// A command that reads the settings and then exits.
const READ_SETTINGS: &str = "openapi";

/// Returns the names of the environment variables for all settings whose default value satisfies
/// `is_wanted`.
fn variables(is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let command = Cli::command();
    let arguments = command.get_arguments().filter(|argument| {
        is_wanted(
            argument.get_default_values().first().and_then(|v| v.to_str()).unwrap_or_default(),
        )
    });
    arguments.filter_map(|argument| Some(argument.get_env()?.to_str()?.to_owned())).collect()
}

async fn run(command: &str, variables: &[(&str, &str)]) -> (Output, String) {
    let output = process("sqlite://unused", variables).arg(command).output().await.unwrap();
    let text = [&*output.stdout, &*output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output, text)
}

#[actix_web::test]
async fn an_empty_variable_counts_as_unset() {
    let names = variables(|_| true);
    assert!(names.len() > 30, "{names:?}");
    let files: Vec<_> = names.iter().map(|name| format!("{name}_FILE")).collect();
    let empty: Vec<_> = names.iter().chain(&files).map(|name| (name.as_str(), "")).collect();
    let (output, text) = run(READ_SETTINGS, &empty).await;
    assert!(output.status.success(), "{text}");
}

#[actix_web::test]
async fn switches_accept_all_usual_spellings() {
    let names = variables(|default| ["on", "off"].contains(&default));
    assert!(names.iter().any(|name| name == "MIGRATE"), "{names:?}");
    for word in ["on", "true", "yes", "1", "TRUE", "off", "false", "no", "0", "False"] {
        let settings: Vec<_> = names.iter().map(|name| (name.as_str(), word)).collect();
        let (output, text) = run(READ_SETTINGS, &settings).await;
        assert!(output.status.success(), "{word}: {text}");
    }
    for name in &names {
        let (output, text) = run(READ_SETTINGS, &[(name, "maybe")]).await;
        assert_eq!(output.status.code(), Some(2), "{name}: {text}");
        assert!(text.contains(&format!("{name}: expected on or off")), "{text}");
    }
}

#[actix_web::test]
async fn values_are_accepted_in_upper_case() {
    let words = [("COOKIE_SAME_SITE", "Strict"), ("LOG_FORMAT", "JSON")];
    let (output, text) = run(READ_SETTINGS, &words).await;
    assert!(output.status.success(), "{text}");
}

#[actix_web::test]
async fn the_error_for_an_invalid_value_names_the_expected_ones() {
    for (name, value, expected) in [
        ("PORT", "tcp://10.0.0.1:80", "expected a whole number"),
        ("BCRYPT_COST", "twelve", "expected a whole number"),
        (
            "MAIL_FROM",
            "Ada",
            "expected an address such as ada@example.com or Ada <ada@example.com>",
        ),
        (
            "COOKIE_PREFIX",
            "__Host-x",
            "expected a prefix without __Secure- or __Host-; with https, __Secure- is added",
        ),
        ("COOKIE_PREFIX", "__Secure-x", "expected a prefix without __Secure-"),
    ] {
        let (output, text) = run(READ_SETTINGS, &[(name, value)]).await;
        assert!(!output.status.success(), "{name}={value}");
        assert!(text.starts_with(&format!("error: {name}: {expected}")), "{text}");
    }
}

#[actix_web::test]
async fn secrets_can_come_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let file = folder.path().join(name);
        fs::write(&file, content).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let database = folder.path().join("auth.db");
    let url = file("url", &format!("sqlite://{}\n", database.display()));
    let secret = file("secret", &format!("{SECRET}\n"));
    let smtp = file("smtp", "smtp://ada:hidden@localhost\n");
    let files = [
        ("DATABASE_URL", ""),
        ("DATABASE_URL_FILE", url.as_str()),
        ("BETTER_AUTH_SECRET_FILE", &secret),
        ("SMTP_URL_FILE", &smtp),
    ];
    let (output, text) = run("migrate", &files).await;
    assert!(output.status.success() && database.exists(), "{text}");

    let short = file("short", "hidden");
    for (files, reason) in [
        (
            [("BETTER_AUTH_SECRET_FILE", short.as_str()), ("HOST", "")],
            "BETTER_AUTH_SECRET: expected a secret",
        ),
        (
            [("BETTER_AUTH_SECRET_FILE", "/nowhere"), ("HOST", "")],
            "BETTER_AUTH_SECRET_FILE: cannot",
        ),
        (
            [("BETTER_AUTH_SECRET_FILE", secret.as_str()), ("BETTER_AUTH_SECRET", SECRET)],
            "BETTER_AUTH_SECRET and BETTER_AUTH_SECRET_FILE are both set",
        ),
    ] {
        let (output, text) = run(READ_SETTINGS, &files).await;
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(reason) && !text.contains("hidden"), "{text}");
    }
    let (_, help) = run("--help", &files).await;
    assert!(help.contains("DATABASE_URL_FILE") && !help.contains("hidden"), "{help}");
    assert!(!help.contains(SECRET), "{help}");
}

#[actix_web::test]
async fn an_unusable_listen_address_is_reported_with_setting_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("auth.db").display());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let _taken = TcpListener::bind(taken).unwrap();
    let (port, address) = (taken.port().to_string(), taken.to_string());
    for (variables, reason) in [
        ([("PORT", port.as_str()), ("HOST", "localhost")], "PORT: 127.0.0.1:"),
        ([("METRICS_ADDRESS", address.as_str()), ("HOST", "")], "METRICS_ADDRESS: 127.0.0.1:"),
        (
            [("HOST", "x86_64-conda-linux-gnu"), ("PORT", "0")],
            "conda and some shells export a HOST of their own: unset it",
        ),
        ([("HOST", "192.0.2.1"), ("PORT", "0")], "not an address of this machine"),
    ] {
        let output = process(&database, &variables).output().await.unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(reason), "{text}");
    }
}
