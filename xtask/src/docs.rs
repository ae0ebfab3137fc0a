//! `cargo xtask docs`: regenerates the tables of settings in `docs/configuration.md`.

use crate::{
    Result,
    step::{self, cargo, step},
};

pub fn run() -> Result {
    // The tests that compare the tables with the programs can also write them.
    let tests = ["test", "--quiet", "-p", "auth-service", "-p", "task-service", "--test", "api"];
    step("generate the tables of settings", || {
        let mut tests = cargo(&tests);
        tests.args(["documentation::the_configuration_page_is_current"]);
        step::run(tests.env("UPDATE_DOCS", "1"))
    })
}
