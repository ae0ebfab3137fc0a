//! Translates ban and activity flags of a source.

use chrono::{DateTime, Utc};
use service_kit::source::value::{flag, time};

/// Returns the reason why a user may not sign in, if any. `banned` is in effect until `expires`.
pub(super) fn ban(
    banned: Option<&str>,
    expires: Option<&str>,
    now: DateTime<Utc>,
) -> Option<String> {
    let banned = banned?;
    match flag(banned) {
        Some(false) => None,
        Some(true) => match expires.map(str::trim).filter(|text| !text.is_empty()) {
            None => Some("is banned".to_owned()),
            Some(text) => match time(text) {
                Some(end) if end <= now => None,
                Some(end) => Some(format!("is banned until {}", end.format("%Y-%m-%d %H:%M UTC"))),
                None => Some(format!("is banned until {text:?}, which cannot be read")),
            },
        },
        None => Some(format!("may be banned: {banned:?} is neither true nor false")),
    }
}

/// Returns the reason why the user of an inactive account may not sign in.
pub(super) fn inactive(is_active: Option<&str>) -> Option<String> {
    let text = is_active?;
    match flag(text) {
        Some(true) => None,
        Some(false) => Some("is not active".to_owned()),
        None => Some(format!("may be inactive: {text:?} is neither true nor false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ban_counts_until_it_expires() {
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        assert_eq!(ban(None, None, now), None);
        assert_eq!(ban(Some("0"), None, now), None);
        assert_eq!(ban(Some("1"), Some("2026-01-02T03:04:05Z"), now), None);
        for (banned, expires) in [
            ("1", None),
            ("true", Some("")),
            ("1", Some("2026-01-03")),
            ("1", Some("soon")),
            ("perhaps", None),
        ] {
            assert!(ban(Some(banned), expires, now).is_some(), "{banned} {expires:?}");
        }
    }
}
