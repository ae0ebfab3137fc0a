//! The PostgreSQL schema in which a service keeps its tables.

use std::str::FromStr;

/// Maximum length of an identifier in bytes (PostgreSQL's NAMEDATALEN - 1).
const MAX_BYTES: usize = 63;

/// The name of a schema. It consists of ASCII letters, digits and `_`, unless it comes from the
/// options of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaName(String);

impl FromStr for SchemaName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_name = !text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(is_word);
        if text.is_empty() || text.len() > MAX_BYTES || !is_name {
            return Err("expected the name of a schema: letters, digits and _, at most 63");
        }
        if text.starts_with("pg_") || text == "information_schema" {
            return Err("this schema belongs to PostgreSQL; name one of your own");
        }
        Ok(Self(text.to_owned()))
    }
}

impl SchemaName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name as a quoted SQL identifier.
    pub(crate) fn quoted(&self) -> String {
        format!("\"{}\"", self.0.replace('"', "\"\""))
    }

    /// Returns the startup option that selects this schema.
    pub(super) fn as_option(&self) -> String {
        format!("-c search_path={}", self.quoted())
    }

    /// Returns the first schema of the `search_path` in startup options.
    pub(super) fn first_of(options: &str) -> Option<Self> {
        first_schema(options).map(Self)
    }
}

/// Returns the first schema of the last `search_path` in startup options such as
/// `-c search_path=a,b`.
fn first_schema(options: &str) -> Option<String> {
    let settings = words(options);
    let mut values = settings.iter().filter_map(|word| {
        let setting = word.strip_prefix("-c").or_else(|| word.strip_prefix("--")).unwrap_or(word);
        let (name, value) = setting.split_once('=')?;
        name.eq_ignore_ascii_case("search_path").then_some(value)
    });
    let path = values.next_back()?.trim_start();
    match path.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().map(str::to_owned),
        None => path.split(',').next().map(|name| name.trim().to_lowercase()),
    }
    .filter(|name| !name.is_empty() && name != "$user")
}

/// Splits startup options at white space that is not escaped with a backslash.
fn words(options: &str) -> Vec<String> {
    let (mut words, mut characters) = (vec![String::new()], options.chars());
    while let Some(character) = characters.next() {
        match character {
            ' ' | '\t' | '\n' => words.push(String::new()),
            '\\' => append(&mut words, characters.next()),
            other => append(&mut words, Some(other)),
        }
    }
    words
}

fn append(words: &mut [String], character: Option<char>) {
    if let Some(word) = words.last_mut() {
        word.extend(character);
    }
}
