//! The documentation matches the program's settings, commands and limits.

use std::{fs, path::Path};

use clap::{CommandFactory as _, Parser as _};
use settings::testing::{
    assert_commands_understood, assert_limits_current, assert_settings_documented, undocumented,
};
use task_service::cli::Cli;

#[test]
fn every_variable_is_in_the_example_environment() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.env.example");
    assert_eq!(undocumented::<Cli>(&file), [""; 0]);
}

#[test]
fn the_configuration_page_is_current() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    assert_settings_documented::<Cli>("task-service", &page);
}

#[test]
fn every_documented_command_is_understood() {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    assert_commands_understood::<Cli>("task-service", &pages, 6);
}

#[test]
fn the_documented_issuers_are_accepted() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, rest) = page.split_once("\nexport TRUSTED_ISSUERS='").unwrap();
    let (issuers, _) = rest.split_once('\'').unwrap();
    let cli = Cli::try_parse_from(["task-service", "--trusted-issuers", issuers]);
    assert!(cli.is_ok(), "{issuers}: {:?}", cli.err());
}

#[test]
fn the_page_of_limits_is_current() {
    assert_limits_current(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/limits.md"));
}

/// Rule R14 of token verification: settings such as cache lifetime, cool-down and fetch timeout are
/// documented with their defaults.
#[test]
fn the_example_environment_has_the_defaults_of_token_verification() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let example = fs::read_to_string(root.join(".env.example")).unwrap();
    let help = Cli::command().render_long_help().to_string();
    for variable in [
        "JWKS_CACHE_TTL",
        "JWKS_COOLDOWN",
        "JWKS_FETCH_TIMEOUT",
        "JWKS_MAX_STALE",
        "JWKS_TOKEN_CACHE",
    ] {
        let command = Cli::command();
        let mut arguments = command.get_arguments();
        let argument = arguments.find(|one| one.get_env().is_some_and(|env| env == variable));
        let default = argument.unwrap().get_default_values()[0].to_str().unwrap().to_owned();
        assert!(example.contains(&format!("\n{variable}={default}\n")), "{variable}");
        assert!(help.contains(&format!("[env: {variable}=")), "{variable}");
        assert!(help.contains(&format!("[default: {default}]")), "{variable}");
    }
}
