//! Runs commands of the README and of the documentation unchanged, except for the base URLs of the
//! services.

use std::{fs, process::Command};

use crate::{Result, root};

/// The base URLs in the commands, which are replaced with those of the given services.
pub const AUTH_URL: &str = "http://localhost:3000";
pub const TASKS_URL: &str = "http://localhost:8000";

const MARK: &str = "walkthrough";
const EXPECTATION: &str = "# => ";

/// The pages whose commands belong to the walk-through, in reading order.
const PAGES: [&str; 2] = ["README.md", "docs/getting-started.md"];

/// Runs the walk-through against the given services. Returns an error if a command fails, if the
/// output lacks a line that a page promises, or if a page promises no output.
pub fn run(auth_url: &str, tasks_url: &str) -> Result {
    let urls = [auth_url, tasks_url];
    PAGES.iter().try_for_each(|page| run_page(page, MARK, Command::new("bash"), urls))
}

/// Runs the command blocks of a page that follow the marker `<!-- mark -->` in `shell`. Returns the
/// same errors as [`run`].
pub fn run_page(
    page: &str,
    mark: &str,
    mut shell: Command,
    [auth_url, tasks_url]: [&str; 2],
) -> Result {
    let text = fs::read_to_string(root().join(page))?;
    let script = script(&text, mark).replace(AUTH_URL, auth_url).replace(TASKS_URL, tasks_url);
    let output = shell.args(["-euo", "pipefail", "-c", &script]).output()?;

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
    if expectations == 0 { Err(format!("{page} promises no output").into()) } else { Ok(()) }
}

/// Returns the first code block of a page that starts with `start`. Returns an error if there is no
/// such block.
pub fn block(page: &str, start: &str) -> Result<String> {
    let text = fs::read_to_string(root().join(page))?;
    let blocks = text.split("\n```").skip(1).step_by(2);
    let mut blocks = blocks.filter_map(|block| Some(block.split_once('\n')?.1));
    let block = blocks.find(|block| block.starts_with(start));
    block.map(str::to_owned).ok_or_else(|| format!("{page} has no block {start:?}").into())
}

/// Returns the concatenated command blocks that follow the marker `<!-- mark -->`.
fn script(page: &str, mark: &str) -> String {
    let fence = format!("<!-- {mark} -->\n```sh\n");
    let blocks = page.split(&fence).skip(1);
    blocks.filter_map(|block| Some(block.split_once("```")?.0)).collect()
}
