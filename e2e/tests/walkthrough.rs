//! The README does not lie.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop here")]

use std::{fs, process::Command};

use e2e::{System, on_both_engines};

const MARK: &str = "<!-- walkthrough -->\n```sh\n";
const EXPECTATION: &str = "# => ";

on_both_engines!(the_readmes_curl_commands_work);

fn the_readmes_curl_commands_work(system: &mut System) {
    let readme = fs::read_to_string(xtask::root().join("README.md")).unwrap();
    let script = script(&readme)
        .replace("http://localhost:3000", &system.auth.url)
        .replace("http://localhost:8000", &system.tasks.url);
    let output = Command::new("bash").args(["-euo", "pipefail", "-c", &script]).output().unwrap();

    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{stdout}\n{stderr}", output.status);
    let mut rest = &*stdout;
    for text in script.lines().filter_map(|line| line.strip_prefix(EXPECTATION)) {
        let Some((_, after)) = rest.split_once(text) else {
            panic!("no {text:?} in the rest of the output:\n{rest}");
        };
        rest = after;
    }
}

/// The marked blocks, one after the other.
fn script(readme: &str) -> String {
    let blocks = readme.split(MARK).skip(1);
    let script: String = blocks.filter_map(|block| Some(block.split_once("```")?.0)).collect();
    assert!(script.contains(EXPECTATION), "the README has a walkthrough");
    script
}
