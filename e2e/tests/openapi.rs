//! Tests with generated requests (schemathesis) that the services conform to their OpenAPI
//! documents. `TEST_PYTHON` names an interpreter with the packages of `e2e/clients`. Without it,
//! these tests print a note and pass, except in CI.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::{fs, path::Path, process::Command};

use e2e::{System, on_both_engines, tool};
use xtask::service::Service;

on_both_engines!(
    auth_service_conforms_to_its_openapi_document,
    task_service_conforms_to_its_openapi_document,
);

fn auth_service_conforms_to_its_openapi_document(system: &mut System) {
    let page = tempfile::tempdir().unwrap();
    fs::write(page.path().join("index.html"), "<!doctype html><title>App</title>").unwrap();
    system.auth.stop().unwrap();
    system.auth.set_variable("WEB_ROOT", page.path().to_str().unwrap());
    // The OpenAPI document cannot express which passwords are too common.
    system.auth.set_variable("REFUSE_COMMON_PASSWORDS", "off");
    system.start_services();
    play_with(&system.auth, |_| {});
}

fn task_service_conforms_to_its_openapi_document(system: &mut System) {
    let token = system.token("ada@example.com");
    play_with(&system.tasks, |schemathesis| {
        schemathesis.args(["--header", &format!("Authorization: Bearer {token}")]);
    });
}

/// Runs schemathesis with the settings and hooks named after the service.
fn play_with(service: &Service, change: impl FnOnce(&mut Command)) {
    let Some(python) = tool("TEST_PYTHON") else { return };
    let home = xtask::root().join("e2e/clients/schemathesis");
    let folder = tempfile::tempdir().unwrap();
    let mut schemathesis = Command::new(Path::new(&python).with_file_name("st"));
    schemathesis
        // schemathesis writes its state to the working directory.
        .current_dir(folder.path())
        .env("PYTHONPATH", &home)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", service.name.replace('-', "_"))
        .arg("--config-file")
        .arg(home.join(service.name).with_extension("toml"))
        .arg("run")
        .arg(format!("{}/openapi.json", service.url))
        // Without `--checks`, all checks run, except those that the settings disable.
        .args(["--max-examples", "20", "--generation-deterministic"])
        .args(["--continue-on-failure", "--no-color"]);
    change(&mut schemathesis);
    let output = schemathesis.output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}\n{}", String::from_utf8_lossy(&output.stderr));
}
