//! The web app in `frontend/`: its code, and its behavior in a real browser with both services.
//! `TEST_CHROMIUM` and `TEST_FIREFOX` name the browsers, and `TEST_NODE` an interpreter with the
//! packages of `frontend` and `e2e/page`. Without them, this test skips the parts that need them,
//! prints a note and passes, except in CI.

use e2e::{npm, tool};

#[test]
fn the_web_app_passes_its_checks_and_browser_tests() {
    if tool("TEST_CHROMIUM").is_some() {
        npm("frontend", "test");
        npm("frontend", "build");
        npm("e2e/page", "test");
        if tool("TEST_FIREFOX").is_some() {
            npm("e2e/page", "test:firefox");
        }
    }
}
