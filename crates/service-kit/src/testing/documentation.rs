//! What can be set is written down where people look.

use std::{fs, path::Path};

use clap::CommandFactory;

/// The variables of a configuration that `file` does not name.
pub fn undocumented<C: CommandFactory>(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).expect("the file can be read");
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_uppercase() && c != '_').collect();
    C::command()
        .get_arguments()
        .filter_map(|argument| argument.get_env()?.to_str())
        .filter(|variable| !words.contains(variable))
        .map(str::to_owned)
        .collect()
}
