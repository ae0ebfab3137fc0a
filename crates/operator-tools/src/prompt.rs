//! Passwords and confirmations, from a terminal or, for scripts, from standard input.

use std::io::{self, IsTerminal as _, Write as _};

use console::Term;
use secrecy::{ExposeSecret as _, SecretString};

#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    #[error("standard input contains no password")]
    NoPassword,
    #[error("the passwords differ")]
    Mismatch,
    #[error("cannot read the input: {0}")]
    Io(#[from] io::Error),
}

/// Returns whether the process is connected to a terminal, so that it can prompt.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal() && Term::stderr().is_term()
}

/// Reads a new password. In a terminal, it is typed twice and not shown; otherwise, it is the first
/// line of standard input.
pub fn new_password() -> Result<SecretString, PromptError> {
    if !is_interactive() {
        let line = io::stdin().lines().next().transpose()?;
        let password = line.filter(|line| !line.is_empty());
        return password.map(SecretString::from).ok_or(PromptError::NoPassword);
    }
    let password = typed("Password: ")?;
    let repeated = typed("Repeat the password: ")?;
    if password.expose_secret() != repeated.expose_secret() {
        return Err(PromptError::Mismatch);
    }
    Ok(password)
}

fn typed(prompt: &str) -> io::Result<SecretString> {
    let terminal = Term::stderr();
    terminal.write_str(prompt)?;
    Ok(terminal.read_secure_line()?.into())
}

/// Asks a question in the terminal and returns whether the answer is yes.
pub fn confirm(question: &str) -> io::Result<bool> {
    let mut terminal = Term::stderr();
    write!(terminal, "{question} [y/N] ")?;
    let answer = io::stdin().lines().next().transpose()?.unwrap_or_default();
    Ok(["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()))
}
