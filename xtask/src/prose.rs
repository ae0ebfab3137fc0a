//! Finds phrases that comments, documentation and messages must not contain, because they hide
//! their subject or have to be decoded. The list of phrases is short on purpose, so that a match is
//! almost never a false alarm.

use std::{ffi::OsStr, fs, path::Path, process::Command};

use crate::{Result, root, step::program};

/// A phrase, and what to write instead.
const PHRASES: [(&str, &str); 17] = [
    ("whoever", "name the subject: the client, the user, the caller"),
    ("what is due", "name what is due: expired rows, queued e-mails"),
    ("a text", "a string, a message"),
    ("answered alike", "gives the same response"),
    ("out of reach", "unavailable, unreachable"),
    ("how things stand", "the current state"),
    ("to be had", "available"),
    ("who is nobody", "unauthenticated"),
    ("under way", "in flight, running"),
    ("and end", "name the effect of a command, not that it exits"),
    ("answered", "responded, returned"),
    ("front end", "web app, frontend"),
    ("goes on", "continues"),
    ("has died", "has exited"),
    ("is gone", "was deleted, has ended"),
    ("is good for", "is valid for"),
    ("sent away", "rejected"),
];

/// Prints each phrase from the list in a comment, a document or an English message of the web app.
/// Returns an error if there are any.
pub(crate) fn check() -> Result {
    let mut findings = 0;
    for file in files()? {
        let Ok(text) = fs::read_to_string(root().join(&file)) else { continue };
        let is_code = is_code(&file);
        for (number, line) in (1..).zip(text.lines()) {
            let Some(prose) = (if is_code { comment(line) } else { Some(line) }) else {
                continue;
            };
            for (phrase, instead) in PHRASES.iter().filter(|(phrase, _)| contains(prose, phrase)) {
                println!("{file}:{number}: {phrase:?}: write {instead}");
                findings += 1;
            }
        }
    }
    if findings == 0 { Ok(()) } else { Err(format!("{findings} unclear phrases").into()) }
}

/// Returns the tracked files that contain prose.
fn files() -> Result<Vec<String>> {
    let mut list: Command = program("git", &["ls-files", "--"]);
    let code = ["*.rs", "*.ts", "*.tsx", "*.mjs"];
    let documents = ["*.md", ".env.example", "docker-compose.yml", "docs/observability/*"];
    let unchecked = [":!xtask/src/prose.rs", ":!CONTRIBUTING.md"];
    let output = list.args(code).args(documents).args(unchecked).output()?;
    Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
}

/// Returns whether only the comments of a file are checked. This applies to all code except the
/// English messages of the web app, which are checked completely.
fn is_code(file: &str) -> bool {
    let extension = Path::new(file).extension().and_then(OsStr::to_str);
    matches!(extension, Some("rs" | "ts" | "tsx" | "mjs")) && !file.ends_with("/messages/en.ts")
}

/// Returns the text of a line that consists of a comment, or `None` for any other line.
fn comment(line: &str) -> Option<&str> {
    let line = line.trim_start();
    ["//", "/*", "* "].iter().find_map(|start| line.strip_prefix(start))
}

/// Returns whether `line` contains `phrase` as whole words, ignoring case. The phrase "and end"
/// only matches at the end of a sentence or clause.
fn contains(line: &str, phrase: &str) -> bool {
    let line = line.to_lowercase();
    line.match_indices(phrase).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + phrase.len()..].chars().next();
        let is_word =
            |neighbour: Option<char>| neighbour.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let is_whole = !is_word(before) && !is_word(after);
        is_whole && (phrase != "and end" || matches!(after, None | Some('.' | ';')))
    })
}

#[cfg(test)]
mod tests {
    use super::{comment, contains};

    #[test]
    fn phrases_match_as_whole_words_in_any_case() {
        assert!(contains("Whoever asks", "whoever"));
        assert!(contains("is a text.", "a text"));
        assert!(!contains("a textbook", "a text"));
        assert!(!contains("data text", "a text"));
    }

    #[test]
    fn and_end_must_close_a_sentence() {
        assert!(contains("Change nothing and end", "and end"));
        assert!(!contains("start and end of a page", "and end"));
    }

    #[test]
    fn code_is_not_prose() {
        assert_eq!(comment("    /// Returns it."), Some("/ Returns it."));
        assert_eq!(comment("let whoever = 1;"), None);
    }
}
