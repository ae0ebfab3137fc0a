//! Errors in the log.

use std::fmt;

/// An error with its causes, for a single log line. A cause is omitted if its message is
/// already at the end of the message before it.
#[derive(Debug)]
pub struct Chain<'a>(pub &'a (dyn std::error::Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.0.to_string();
        f.write_str(&text)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let of_cause = error.to_string();
            if !text.ends_with(&of_cause) {
                write!(f, ": {of_cause}")?;
                text = of_cause;
            }
            cause = error.source();
        }
        Ok(())
    }
}
