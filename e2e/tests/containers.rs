//! Checks the Dockerfile, the compose file and the example environment without a container engine;
//! `cargo xtask compose` tests the rest.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::{collections::BTreeSet, fs, process::Command};

use e2e::program;
use serde_json::{Value, json};

const SERVICES: [&str; 2] = ["auth-service", "task-service"];

type Names = BTreeSet<String>;

#[test]
fn each_service_gets_all_of_its_settings_and_no_other() {
    for service in SERVICES {
        let environment = &compose()["services"][service]["environment"];
        let handed_on: Names = environment.as_object().unwrap().keys().cloned().collect();
        assert_eq!(handed_on, settings(service), "{service}");
    }
}

#[test]
fn the_example_sets_exactly_the_variables_of_compose() {
    let compose = fs::read_to_string(xtask::root().join("docker-compose.yml")).unwrap();
    let asked_for: Names =
        compose.split("${").skip(1).map(|rest| capitals(rest).to_owned()).collect();
    let in_the_example: Names =
        example().map(|line| capitals(line.trim_start_matches('#')).to_owned()).collect();
    let settings = SERVICES.iter().flat_map(|service| settings(service));

    let read: Names = settings.chain(asked_for).collect();
    assert_eq!(in_the_example, read);
}

#[test]
fn the_services_accept_the_values_of_the_example() {
    for service in SERVICES {
        let folder = tempfile::tempdir().unwrap();
        let lines: Vec<String> = example().filter(|line| !line.starts_with('#')).collect();
        let output = Command::new(program(service))
            .arg("health")
            .env_clear()
            .envs(lines.iter().filter_map(|line| line.split_once('=')))
            .env("PORT", xtask::ports::free().unwrap().to_string())
            .current_dir(folder.path())
            .output()
            .unwrap();
        // With the variables of the example, the only problem is that nothing listens on the port.
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{service}: {said}");
        assert!(said.contains("no response from 127.0.0.1:"), "{service}: {said}");
    }
}

/// The services accept different values of `RATE_LIMIT`.
#[test]
fn a_limit_for_task_service_does_not_reach_auth_service() {
    let environment_file = [("TASKS_RATE_LIMIT", "100/10s"), ("RATE_LIMIT", "100/10s")];
    let [auth, tasks] = SERVICES.map(|service| {
        let environment = &compose()["services"][service]["environment"];
        // Compose passes a variable without a value on under its own name.
        let source = environment["RATE_LIMIT"].as_str().unwrap_or("${RATE_LIMIT:-}");
        let name = source.strip_prefix("${").and_then(|rest| rest.strip_suffix(":-}")).unwrap();
        environment_file.into_iter().find(|(set, _)| *set == name).map(|(_, value)| value)
    });
    assert_eq!((auth, tasks), (None, Some("100/10s")));
}

#[test]
fn containers_are_restricted_and_reachable_from_this_machine_only() {
    let compose = compose();
    for (name, service) in compose["services"].as_object().unwrap() {
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"], json!(["ALL"]), "{name}");
        assert_eq!(service["cap_add"].is_null(), name != "postgres", "{name}");
        assert_eq!(service["security_opt"], json!(["no-new-privileges:true"]), "{name}");
        let ports = service["ports"].as_array().cloned().unwrap_or_default();
        assert_eq!(ports.len(), usize::from(name != "postgres"), "{name}");
        for port in ports {
            assert!(port.as_str().unwrap().starts_with("127.0.0.1:"), "{name}: {port}");
        }
    }
}

#[test]
fn images_are_of_the_version_of_the_programs() {
    let dockerfile = fs::read_to_string(xtask::root().join("Dockerfile")).unwrap();
    let version = dockerfile.lines().find_map(|line| line.strip_prefix("ARG VERSION=")).unwrap();
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
}

fn compose() -> Value {
    let text = fs::read_to_string(xtask::root().join("docker-compose.yml")).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

/// Returns the lines of `.env.example` that set a variable, including commented-out ones.
fn example() -> impl Iterator<Item = String> {
    let text = fs::read_to_string(xtask::root().join(".env.example")).unwrap();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.into_iter().filter(|line| {
        let line = line.trim_start_matches('#');
        let name = capitals(line);
        !name.is_empty() && line[name.len()..].starts_with('=')
    })
}

/// Returns the names of the environment variables in the service's `--help`.
fn settings(service: &str) -> Names {
    let output = Command::new(program(service)).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    help.split("[env: ").skip(1).map(|rest| capitals(rest).to_owned()).collect()
}

/// Returns the variable name at the start of a string.
fn capitals(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(text.len());
    &text[..end]
}
