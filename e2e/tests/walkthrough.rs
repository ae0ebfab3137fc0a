//! The commands of the README and of the getting-started page work.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use e2e::{System, on_both_engines};
use xtask::walkthrough;

on_both_engines!(the_readmes_curl_commands_work);

fn the_readmes_curl_commands_work(system: &mut System) {
    walkthrough::run(&system.auth.url, &system.tasks.url).unwrap();
}
