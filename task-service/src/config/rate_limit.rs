//! The setting of the rate limit per user.

use std::{fmt, str::FromStr, time::Duration};

use settings::{duration, switch};

/// A rate limit, written `on`, `off`, or as a number of requests per duration: `100/10s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateLimit {
    Off,
    Of { requests: u32, window: Duration },
}

impl RateLimit {
    /// The default limit, a small part of the requests that one core can handle.
    pub const DEFAULT: Self = Self::Of { requests: 10_000, window: Duration::from_secs(10) };
}

impl FromStr for RateLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match switch(text) {
            Ok(true) => return Ok(Self::DEFAULT),
            Ok(false) => return Ok(Self::Off),
            Err(_) => {}
        }
        let (requests, window) = text.split_once('/').unwrap_or_default();
        match (requests.parse(), duration(window)) {
            (Ok(requests @ 1..), Ok(window)) => Ok(Self::Of { requests, window }),
            _ => Err("expected on, off or a limit such as 100/10s".to_owned()),
        }
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Of { requests, window } => {
                write!(f, "{requests}/{}", humantime::format_duration(*window))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_has_one_spelling() {
        assert_eq!("on".parse(), Ok(RateLimit::DEFAULT));
        assert_eq!("off".parse(), Ok(RateLimit::Off));
        let limit = RateLimit::Of { requests: 100, window: Duration::from_mins(1) };
        assert_eq!("100/1m".parse(), Ok(limit));
        assert_eq!(limit.to_string(), "100/1m");
        for text in ["", "100", "0/1s", "-1/1s", "1/0s", "1/", "/1s", "often", "1/1s/1"] {
            assert!(text.parse::<RateLimit>().is_err(), "{text}");
        }
    }
}
