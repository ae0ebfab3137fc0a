//! `cargo xtask openapi`: regenerates the OpenAPI documents.

use std::{fs, process::Stdio};

use crate::{
    Result, root,
    step::{cargo, step},
};

pub fn run() -> Result {
    for service in ["auth-service", "task-service"] {
        step(&format!("generate the OpenAPI document of {service}"), || describe(service))?;
    }
    Ok(())
}

fn describe(service: &str) -> Result {
    let output = cargo(&["run", "--quiet", "-p", service, "--", "openapi"])
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("{service}: {}", output.status).into());
    }
    Ok(fs::write(root().join(service).join("openapi.json"), output.stdout)?)
}
