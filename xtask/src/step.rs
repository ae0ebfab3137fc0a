//! Runs programs, and prints the names and durations of steps.

use std::{path::PathBuf, process::Command, time::Instant};

use crate::{Result, root, variable};

/// Runs `work`. Prints a line before it, and another one with the outcome and the duration.
pub(crate) fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("==> {what}");
    let start = Instant::now();
    let result = work();
    let outcome = if result.is_ok() { "done" } else { "failed" };
    println!("==> {what}: {outcome} after {:.1} s", start.elapsed().as_secs_f64());
    result
}

/// Runs a program to completion; any status other than success is an error.
pub(crate) fn run(command: &mut Command) -> Result {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| format!("{program}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{program}: {status}").into()) }
}

/// Returns a command that runs in the root of the workspace.
pub(crate) fn program(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(root());
    command
}

/// Returns a command for the cargo that runs this tool.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    program(&variable("CARGO").unwrap_or_else(|| "cargo".to_owned()), arguments)
}

/// Returns the folder with the release builds of the services.
pub(crate) fn release_programs() -> Result<PathBuf> {
    let debug = std::env::current_exe()?;
    let target = debug.ancestors().nth(2).ok_or("this tool is not in a target folder")?;
    Ok(target.join("release"))
}

/// Installs Debian packages. If this process does not run as root, returns an error that names the
/// packages.
pub(crate) fn apt_install(packages: &[&str]) -> Result {
    if !rustix::process::geteuid().is_root() {
        return Err(format!("please install {}", packages.join(" and ")).into());
    }
    step(&format!("install {}", packages.join(", ")), || {
        run(&mut program("apt-get", &["update", "-qq"]))?;
        run(program("apt-get", &["install", "-qq", "--no-install-recommends"])
            .args(packages)
            .arg("--yes")
            .env("DEBIAN_FRONTEND", "noninteractive"))
    })
}
