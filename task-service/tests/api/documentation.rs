//! What can be set is written down where people look.

use std::{fs, path::Path};

use clap::CommandFactory as _;
use service_kit::testing::undocumented;
use task_service::config::Config;

#[test]
fn every_variable_is_in_the_readme_and_in_the_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for file in ["README.md", ".env.example"] {
        assert_eq!(undocumented::<Config>(&root.join(file)), [""; 0], "{file}");
    }
}

/// Also R14: how long keys are kept, and how often and how long they are fetched.
#[test]
fn the_settings_of_verification_have_the_defaults_that_are_written_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let [readme, example] =
        ["README.md", ".env.example"].map(|file| fs::read_to_string(root.join(file)).unwrap());
    let help = Config::command().render_long_help().to_string();
    for variable in [
        "JWKS_CACHE_TTL",
        "JWKS_COOLDOWN",
        "JWKS_FETCH_TIMEOUT",
        "JWKS_MAX_STALE",
        "JWKS_TOKEN_CACHE",
    ] {
        let command = Config::command();
        let mut arguments = command.get_arguments();
        let argument = arguments.find(|one| one.get_env().is_some_and(|env| env == variable));
        let default = argument.unwrap().get_default_values()[0].to_str().unwrap().to_owned();
        assert!(readme.contains(&format!("| `{variable}` | task | `{default}` |")), "{variable}");
        assert!(example.contains(&format!("\n{variable}={default}\n")), "{variable}");
        assert!(help.contains(&format!("[env: {variable}=")), "{variable}");
        assert!(help.contains(&format!("[default: {default}]")), "{variable}");
    }
    assert!(
        help.contains("TRUSTED_ISSUERS") && readme.contains("| `TRUSTED_ISSUERS` | task | none |")
    );
}
