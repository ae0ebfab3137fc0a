//! Better Auth itself, its client and its server, against ours. `TEST_NODE` names an interpreter
//! that has the packages of `e2e/clients`; without it these tests say so and pass, except in CI.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use e2e::{System, node, on_both_engines};

const CLIENTS: &str = "e2e/clients";
const TEST_FILE: &str = ".test.mjs";

on_both_engines!(
    the_real_client_works_unchanged,
    every_answer_is_the_originals_or_listed_as_different,
    users_of_the_original_become_ours,
);

fn the_real_client_works_unchanged(system: &mut System) {
    let mut arguments = vec!["--test".into(), "--test-reporter=spec".into()];
    arguments.extend(test_files(&xtask::root().join(CLIENTS).join("client")));
    node(system, CLIENTS, &arguments);
}

fn every_answer_is_the_originals_or_listed_as_different(system: &mut System) {
    node(system, CLIENTS, &["differential/run.mjs".into()]);
}

fn users_of_the_original_become_ours(system: &mut System) {
    let arguments = ["--test", "--test-reporter=spec", "import/import.test.mjs"];
    node(system, CLIENTS, &arguments.map(Into::into));
}

fn test_files(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|file| file.to_string_lossy().ends_with(TEST_FILE)).collect()
}
