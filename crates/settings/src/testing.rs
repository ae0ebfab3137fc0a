//! Compares the documentation of settings, commands and limits with the code.

#![expect(clippy::expect_used, reason = "a test that cannot go on should stop here")]

use std::{env, fs, path::Path};

use clap::{Arg, CommandFactory, Parser, error::ErrorKind};

const END: &str = "<!-- end of settings -->";
/// Environment variable that makes tests rewrite the tables of settings instead of comparing them;
/// set by `cargo xtask docs`.
const UPDATE_VARIABLE: &str = "UPDATE_DOCS";
/// Errors of commands that lack arguments or values, as in prose.
const INCOMPLETE: [ErrorKind; 3] = [
    ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
    ErrorKind::InvalidValue,
    ErrorKind::MissingRequiredArgument,
];

/// Returns the environment variables of the configuration `C` that `file` does not mention.
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

/// Panics if the table of settings of `service` in `page` differs from the configuration `C`.
/// Rewrites the table instead if `UPDATE_DOCS` is set.
pub fn assert_settings_documented<C: CommandFactory>(service: &str, page: &Path) {
    let text = fs::read_to_string(page).expect("the page can be read");
    let start = format!("<!-- settings: {service} -->\n");
    let (before, rest) = text.split_once(&start).expect("the page marks the table");
    let (table, after) = rest.split_once(END).expect("the page marks the end of the table");
    let expected = settings_table::<C>();
    if env::var_os(UPDATE_VARIABLE).is_some() {
        let updated = format!("{before}{start}{expected}{END}{after}");
        fs::write(page, updated).expect("the page can be written");
        return;
    }
    assert_eq!(table, expected, "the page is outdated: run `cargo xtask docs`");
}

/// Returns the table, with one row per environment variable: its name, its default and the first
/// paragraph of its help. A default that depends on other settings is described at the end of the
/// help, after `; default: `.
fn settings_table<C: CommandFactory>() -> String {
    let command = C::command();
    let rows = command.get_arguments().filter_map(row);
    let head = "| variable | default | description |\n|---|---|---|\n".to_owned();
    rows.fold(head, |table, row| table + &row)
}

fn row(argument: &Arg) -> Option<String> {
    let variable = argument.get_env()?.to_str()?;
    let defaults: Vec<_> =
        argument.get_default_values().iter().map(|v| v.to_string_lossy()).collect();
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let help = help.replace('|', "\\|").replace('<', "\\<");
    let (help, default) = match help.split_once("; default: ") {
        Some((help, default)) => (help, default.to_owned()),
        None if defaults.is_empty() => (help.as_str(), "none".to_owned()),
        None => (help.as_str(), format!("`{}`", defaults.join(","))),
    };
    Some(format!("| `{variable}` | {default} | {help} |\n"))
}

/// Panics if the parser `C` rejects a command of `program` in the pages of `folder`, or if the
/// pages contain fewer than `expected` such commands in shell blocks. Commands in prose may lack
/// arguments.
pub fn assert_commands_understood<C: Parser>(program: &str, folder: &Path, expected: usize) {
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let page = entry.expect("the folder can be read").path();
        if page.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let text = fs::read_to_string(&page).expect("the page can be read");
        for command in commands(&text, program) {
            let error = C::try_parse_from(&command).err();
            assert!(error.is_none(), "{}: {command:?}: {error:?}", page.display());
            count += 1;
        }
        for command in mentions(&text, program) {
            let error = C::try_parse_from(&command).err();
            let error = error.filter(|error| !INCOMPLETE.contains(&error.kind()));
            assert!(error.is_none(), "{}: {command:?}: {error:?}", page.display());
        }
    }
    assert!(count >= expected, "the pages have only {count} commands of {program}");
}

/// Returns the words of each command of `program` in the shell blocks of a page, without
/// assignments before it and without a pipe, a redirection or a comment after it. Blocks that
/// follow an HTML comment are omitted, because another test runs them.
fn commands<'a>(page: &'a str, program: &str) -> Vec<Vec<&'a str>> {
    let parts: Vec<_> = page.split("```sh\n").collect();
    let blocks = parts.iter().zip(parts.iter().skip(1));
    let parsed = blocks.filter(|(before, _)| !before.trim_end().ends_with("-->"));
    let blocks = parsed.filter_map(|(_, rest)| rest.split("```").next());
    let words = blocks.flat_map(str::lines).map(|line| {
        let words = line.split_whitespace().skip_while(|word| word.contains('='));
        words.take_while(|word| !["|", "<", ">", "#"].contains(word)).collect::<Vec<_>>()
    });
    words.filter(|words| words.first() == Some(&program)).collect()
}

/// Returns the words of each command of `program` in the prose of a page.
fn mentions<'a>(page: &'a str, program: &str) -> Vec<Vec<&'a str>> {
    let prose = page.split("```").step_by(2);
    let spans = prose.flat_map(|part| part.split('`').skip(1).step_by(2));
    let words = spans.map(|span| span.split_whitespace().collect::<Vec<_>>());
    words.filter(|words| words.len() > 1 && words.first() == Some(&program)).collect()
}

/// Panics if the page about limits lists a constant that the code does not define with exactly this
/// type and value, or a setting that is missing from `.env.example`.
pub fn assert_limits_current(page: &Path) {
    let root = page.parent().and_then(Path::parent).expect("the page is in a folder of its own");
    let read = |file: &Path| fs::read_to_string(file).expect("the file can be read");
    let (text, example) = (read(page), read(&root.join(".env.example")));
    let (tables, constants) = text.split_once("## Constants").expect("the page lists constants");
    let cell = |line: &str, index: usize| {
        let cell = line.split('|').nth(index).expect("a row has the columns of its table");
        cell.trim().trim_matches('`').to_owned()
    };
    let rows: Vec<_> = constants.lines().filter(|line| line.contains(".rs`")).collect();
    assert!(!rows.is_empty(), "the page lists no constants");
    for row in rows {
        let (file, constant) = (cell(row, 2), cell(row, 3));
        let is_current = read(&root.join(&file)).contains(&format!("const {constant};"));
        assert!(is_current, "{file} has no constant {constant}");
    }
    for row in tables.lines().filter(|line| line.starts_with("| ") && line.contains('`')) {
        let setting = cell(row, 3);
        let is_known = setting.is_empty() || example.contains(&format!("{setting}="));
        assert!(is_known, "there is no setting {setting}");
    }
}
