//! Content security policy of the web app in `WEB_ROOT`.

use std::{fmt, str::FromStr};

/// Accepted directives (CSP Level 3 §6).
const DIRECTIVES: [&str; 22] = [
    "base-uri",
    "child-src",
    "connect-src",
    "default-src",
    "font-src",
    "form-action",
    "frame-ancestors",
    "frame-src",
    "img-src",
    "manifest-src",
    "media-src",
    "object-src",
    "report-to",
    "report-uri",
    "sandbox",
    "script-src",
    "script-src-attr",
    "script-src-elem",
    "style-src",
    "style-src-attr",
    "style-src-elem",
    "worker-src",
];
const NONE: &str = "'none'";

/// Directives and their sources: `img-src https://images.example.com; font-src 'self'`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentPolicy(Vec<(String, Vec<String>)>);

impl ContentPolicy {
    /// Adds the directives and sources of another policy to this one. Added sources replace
    /// `'none'`.
    #[must_use]
    pub fn extended_by(mut self, other: &Self) -> Self {
        for (name, sources) in &other.0 {
            match self.0.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => {
                    known.retain(|source| source != NONE);
                    known.extend(sources.iter().cloned());
                }
                None => self.0.push((name.clone(), sources.clone())),
            }
        }
        self
    }
}

impl FromStr for ContentPolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut policy = Self(Vec::new());
        for directive in text.split(';') {
            let mut words = directive.split_ascii_whitespace();
            let Some(name) = words.next().map(str::to_ascii_lowercase) else { continue };
            if !DIRECTIVES.contains(&name.as_str()) {
                return Err(format!("unknown directive `{name}`"));
            }
            let sources: Vec<_> = words.map(str::to_owned).collect();
            let is_source = |source: &String| {
                source.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
            };
            if let Some(source) = sources.iter().find(|source| !is_source(source)) {
                return Err(format!("`{source}` is not a valid source"));
            }
            if sources.is_empty() {
                return Err(format!("`{name}` has no source"));
            }
            policy = policy.extended_by(&Self(vec![(name, sources)]));
        }
        if policy.0.is_empty() { Err("no directive".into()) } else { Ok(policy) }
    }
}

impl fmt::Display for ContentPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, sources)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{name} {}", sources.join(" "))?;
        }
        Ok(())
    }
}
