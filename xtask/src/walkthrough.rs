//! The commands with curl in the README, run as they are there.

use std::{fs, process::Command};

use crate::{Result, root};

/// Where the README says that the services are.
pub const AUTH_URL: &str = "http://localhost:3000";
pub const TASKS_URL: &str = "http://localhost:8000";

const MARK: &str = "<!-- walkthrough -->\n```sh\n";
const EXPECTATION: &str = "# => ";

/// Runs them on services that may be elsewhere; an error if something else is printed than the
/// README promises.
pub fn run(auth_url: &str, tasks_url: &str) -> Result {
    let readme = fs::read_to_string(root().join("README.md"))?;
    let script = script(&readme).replace(AUTH_URL, auth_url).replace(TASKS_URL, tasks_url);
    let output = Command::new("bash").args(["-euo", "pipefail", "-c", &script]).output()?;

    let stdout = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}\n{stdout}\n{stderr}", output.status).into());
    }
    let mut expectations = 0;
    let mut rest = &*stdout;
    for text in script.lines().filter_map(|line| line.strip_prefix(EXPECTATION)) {
        let (_, after) = rest
            .split_once(text)
            .ok_or_else(|| format!("no {text:?} in the rest of the output:\n{rest}"))?;
        rest = after;
        expectations += 1;
    }
    if expectations == 0 { Err("the README expects nothing".into()) } else { Ok(()) }
}

/// The marked blocks, one after the other.
fn script(readme: &str) -> String {
    let blocks = readme.split(MARK).skip(1);
    blocks.filter_map(|block| Some(block.split_once("```")?.0)).collect()
}
