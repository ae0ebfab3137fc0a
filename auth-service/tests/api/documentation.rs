//! The documentation matches the program.

use std::{fs, path::Path};

use auth_service::cli::Cli;
use clap::Parser as _;
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

/// A URL that the documentation calls ambiguous.
const REFUSED_URL: &str = "sqlite:///app.db";

#[test]
fn the_documented_database_urls_are_accepted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let pages = fs::read_dir(root.join("docs")).unwrap().map(|page| page.unwrap().path());
    let pages = pages.filter(|page| page.extension().is_some_and(|extension| extension == "md"));
    let mut count = 0;
    for page in pages.chain([root.join("README.md")]) {
        let text = fs::read_to_string(&page).unwrap();
        for start in ["postgres://", "postgresql://", "sqlite://"] {
            for (position, _) in text.match_indices(start) {
                let end = |c: char| c.is_whitespace() || "`')".contains(c);
                let url = text[position..].split(end).next().unwrap();
                let cli = Cli::try_parse_from(["auth-service", "--database-url", url]);
                let is_accepted = cli.is_ok();
                let context = format!("{}: {url}: {:?}", page.display(), cli.err());
                assert_eq!(is_accepted, url != REFUSED_URL, "{context}");
                count += 1;
            }
        }
    }
    assert!(count >= 30, "the pages have only {count} URLs");
}

#[test]
fn the_documented_content_security_policy_is_accepted() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/getting-started.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, rest) = page.split_once("\nWEB_CSP=\"").unwrap();
    let (policy, _) = rest.split_once('"').unwrap();
    let cli = Cli::try_parse_from(["auth-service", "--web-csp", policy]);
    assert!(cli.is_ok(), "{policy}: {:?}", cli.err());
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
