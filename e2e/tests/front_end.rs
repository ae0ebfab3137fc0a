//! A web app written for Better Auth's server, in a real browser. `TEST_CHROMIUM` names the browser,
//! and `TEST_NODE` an interpreter with the packages of `e2e/clients` and `e2e/front-end`. Without
//! them, this test prints a note and passes, except in CI.

use e2e::{System, node, on_both_engines, tool};

on_both_engines!(a_web_app_works_as_before_after_changing_one_line);

fn a_web_app_works_as_before_after_changing_one_line(system: &mut System) {
    if tool("TEST_CHROMIUM").is_some() {
        let arguments = ["--test", "--test-reporter=spec", "journey/journey.test.mjs"];
        node(system, "e2e/front-end", &arguments.map(Into::into));
    }
}
