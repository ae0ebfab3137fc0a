//! The page in `frontend/`: its code, and what people do with it in a real browser, with both services
//! behind it. `TEST_CHROMIUM` names the browser, and `TEST_NODE` an interpreter; the packages are
//! those of `frontend` and of `e2e/page`. Without them this test says so and passes, except in CI.

use e2e::{npm, tool};

#[test]
fn the_page_is_sound_and_does_what_people_want_of_it() {
    if tool("TEST_CHROMIUM").is_some() {
        npm("frontend", "test");
        npm("frontend", "build");
        npm("e2e/page", "test");
    }
}
