//! Compatibility with the client and the server of Better Auth. `TEST_NODE` names an interpreter
//! with the packages of `e2e/clients`. Without it, these tests print a note and pass, except in CI.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use e2e::{Original, System, node, on_both_engines};

const CLIENTS: &str = "e2e/clients";
const TEST_FILE: &str = ".test.mjs";

on_both_engines!(
    the_real_client_works_unchanged,
    every_response_equals_better_auths_or_is_listed_as_different,
    users_of_the_original_become_ours,
    tokens_of_the_original_are_accepted_alone_and_beside_ours,
);

fn the_real_client_works_unchanged(system: &mut System) {
    let mut arguments = vec!["--test".into(), "--test-reporter=spec".into()];
    arguments.extend(test_files(&xtask::root().join(CLIENTS).join("client")));
    node(system, CLIENTS, &arguments);
}

fn every_response_equals_better_auths_or_is_listed_as_different(system: &mut System) {
    node(system, CLIENTS, &["differential/run.mjs".into()]);
}

fn users_of_the_original_become_ours(system: &mut System) {
    let arguments = ["--test", "--test-reporter=spec", "import/import.test.mjs"];
    node(system, CLIENTS, &arguments.map(Into::into));
}

fn tokens_of_the_original_are_accepted_alone_and_beside_ours(system: &mut System) {
    let Some(original) = Original::start() else { return };
    let jwks_url = original.jwks_url();
    let ours = system.token("ada@example.com");
    let auth = original.client();
    let session = auth.sign_up("ada@example.com").unwrap().text("token");
    let theirs = auth.token(&session).unwrap().text("token");
    let tasks = system.tasks_client();
    let status = |token: &str| tasks.get("/api/tasks", token).unwrap().status;
    assert_eq!((status(&ours), status(&theirs)), (200, 401));

    system.tasks.stop().unwrap();
    let trusted = format!("{0}|{0}|{jwks_url}", original.issuer);
    system.tasks.set_variable("TRUSTED_ISSUERS", &trusted);
    system.start_services();
    assert_eq!((status(&ours), status(&theirs)), (200, 200));
    let id = tasks.create_task(&theirs, "Buy milk").unwrap().text("id");
    assert_eq!(tasks.task(&theirs, &id).unwrap().text("title"), "Buy milk");
    assert_eq!(tasks.task(&ours, &id).unwrap().status, 403);

    system.tasks.stop().unwrap();
    system.tasks.set_variable("TRUSTED_ISSUERS", &format!("unused|unused|{jwks_url}"));
    system.tasks.set_variable("BETTER_AUTH_ISSUER", &original.issuer);
    system.tasks.set_variable("BETTER_AUTH_AUDIENCE", &original.issuer);
    system.tasks.set_variable("BETTER_AUTH_JWKS_URL", &jwks_url);
    // Better Auth has no feed of security events.
    system.tasks.remove_variable("EVENTS_SECRET");
    system.start_services();
    assert_eq!((status(&ours), status(&theirs)), (401, 200));
    assert_eq!(tasks.task(&theirs, &id).unwrap().text("title"), "Buy milk");
}

fn test_files(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|file| file.to_string_lossy().ends_with(TEST_FILE)).collect()
}
