//! The documentation matches the program.

use std::{fs, path::Path};

use auth_service::cli::Cli;
use settings::testing::{assert_commands_understood, assert_settings_documented, undocumented};

#[test]
fn every_variable_is_in_the_example_environment() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.env.example");
    assert_eq!(undocumented::<Cli>(&file), [""; 0]);
}

#[test]
fn the_configuration_page_is_current() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    assert_settings_documented::<Cli>("auth-service", &page);
}

#[test]
fn every_documented_command_is_understood() {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    assert_commands_understood::<Cli>("auth-service", &pages, 30);
}

#[test]
fn the_documented_verifiers_are_the_tested_ones() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (page, script) in [
        ("verifying-tokens", "verify_with_jose.mjs"),
        ("verifying-tokens", "verify_with_pyjwt.py"),
        ("verifying-tokens", "verify_with_joserfc.py"),
        ("verifying-tokens", "verify_with_authlib.py"),
        ("verifying-tokens", "verify_with_jwcrypto.py"),
        ("verifying-tokens", "introspect.mjs"),
        ("verifying-tokens", "introspect.py"),
        ("service-to-service", "call_as_a_client.mjs"),
        ("service-to-service", "call_as_a_client.py"),
        ("service-to-service", "call_with_a_key.mjs"),
        ("service-to-service", "call_with_a_key.py"),
        ("security-events", "receive_events_with_jose.mjs"),
        ("security-events", "receive_events_with_pyjwt.py"),
    ] {
        let page = fs::read_to_string(root.join("docs").join(page).with_extension("md")).unwrap();
        let source = fs::read_to_string(root.join("e2e/clients").join(script)).unwrap();
        let start = source.find("\nimport ").expect("the script imports a library");
        assert!(page.contains(source[start..].trim()), "the page has another {script}");
    }
}
