//! The services do what their descriptions say, whatever is sent: schemathesis makes it up.
//! `TEST_PYTHON` names an interpreter that has the packages of `e2e/clients`; without it these tests
//! say so and pass, except in CI.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::{path::Path, process::Command};

use e2e::{System, on_both_engines, tool};

on_both_engines!(task_service_does_what_its_description_says);

fn task_service_does_what_its_description_says(system: &mut System) {
    let Some(python) = tool("TEST_PYTHON") else { return };
    let token = system.token("ada@example.com");
    let home = xtask::root().join("e2e/clients/schemathesis");
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(Path::new(&python).with_file_name("st"))
        // It leaves what it has seen where it runs.
        .current_dir(folder.path())
        .env("PYTHONPATH", &home)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .arg("--config-file")
        .arg(home.join("schemathesis.toml"))
        .arg("run")
        .arg(format!("{}/openapi.json", system.tasks.url))
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--checks", "all", "--max-examples", "20", "--generation-deterministic"])
        .args(["--continue-on-failure", "--no-color"])
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}\n{}", String::from_utf8_lossy(&output.stderr));
}
