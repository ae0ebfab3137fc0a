//! What can be set is written down where people look.

use std::{fs, path::Path};

use clap::CommandFactory as _;
use task_service::config::Config;

#[test]
fn every_variable_is_in_the_readme_and_in_the_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for file in ["README.md", ".env.example"] {
        let text = fs::read_to_string(root.join(file)).unwrap();
        let words: Vec<&str> = text.split(|c: char| !c.is_ascii_uppercase() && c != '_').collect();
        for argument in Config::command().get_arguments() {
            if let Some(variable) = argument.get_env() {
                let variable = variable.to_str().unwrap();
                assert!(words.contains(&variable), "{variable} is not in {file}");
            }
        }
    }
}
