//! Web apps that use Better Auth's client, in a real browser. `TEST_CHROMIUM` names the browser,
//! and `TEST_NODE` an interpreter with the packages of `e2e/clients`, `e2e/existing-app` and
//! `examples/nextjs`. Without them, these tests print a note and pass, except in CI.

use e2e::{System, node, on_both_engines, on_sqlite, tool};

on_both_engines!(a_web_app_works_as_before_after_changing_one_line);
on_sqlite!(the_nextjs_example_works);

fn a_web_app_works_as_before_after_changing_one_line(system: &mut System) {
    run(system, "journey/journey.test.mjs");
}

fn the_nextjs_example_works(system: &mut System) {
    run(system, "journey/nextjs.test.mjs");
}

fn run(system: &System, test: &str) {
    if tool("TEST_CHROMIUM").is_some() {
        let arguments = ["--test", "--test-reporter=spec", test];
        node(system, "e2e/existing-app", &arguments.map(Into::into));
    }
}
