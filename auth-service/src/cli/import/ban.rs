//! Converts the ban and activity flags of a source.

use chrono::{DateTime, Utc};
use operator_tools::source::value::{flag, time};

use super::candidate::CandidateBan;

/// Returns the user's ban that is in effect at `now`, or `None`. `banned` is a flag that is valid
/// until `expires`. A flag or a time that cannot be parsed results in a ban without end, so that no
/// banned user can sign in. An operator can lift the ban of a user who was not banned.
pub(super) fn ban(
    banned: Option<&str>,
    reason: Option<&str>,
    expires: Option<&str>,
    now: DateTime<Utc>,
) -> Option<CandidateBan> {
    let banned = banned?;
    let expires = expires.map(str::trim).filter(|text| !text.is_empty());
    let end = expires.and_then(time);
    let Some(is_banned) = flag(banned) else { return Some(unreadable(banned)) };
    let description = match (expires, end) {
        _ if !is_banned => return None,
        (None, _) => "is banned".to_owned(),
        (Some(_), Some(end)) if end <= now => return None,
        (Some(_), Some(end)) => format!("is banned until {}", end.format("%Y-%m-%d %H:%M UTC")),
        (Some(text), None) => format!("is banned until {text:?}, which cannot be read"),
    };
    let reason = reason.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    Some(CandidateBan { description, reason, expires: end })
}

/// Returns a ban if the flag is set or cannot be parsed. `meaning` describes a set flag in the
/// report.
pub(super) fn forbidden(is_forbidden: Option<&str>, meaning: &str) -> Option<CandidateBan> {
    let text = is_forbidden?;
    match flag(text) {
        Some(false) => None,
        Some(true) => Some(without_end(meaning.to_owned())),
        None => Some(unreadable(text)),
    }
}

/// Returns a ban if `is_active` is false or cannot be parsed.
pub(super) fn inactive(is_active: Option<&str>) -> Option<CandidateBan> {
    let text = is_active?;
    match flag(text) {
        Some(true) => None,
        Some(false) => Some(without_end("is not active".to_owned())),
        None => Some(unreadable(text)),
    }
}

fn unreadable(flag: &str) -> CandidateBan {
    without_end(format!("has a flag {flag:?} that is neither true nor false"))
}

fn without_end(description: String) -> CandidateBan {
    CandidateBan { description, reason: None, expires: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ban_counts_until_it_expires() {
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        assert_eq!(ban(None, None, None, now), None);
        assert_eq!(ban(Some("0"), None, None, now), None);
        assert_eq!(ban(Some("1"), None, Some("2026-01-02T03:04:05Z"), now), None);
        let end = "2026-01-03T00:00:00Z".parse().unwrap();
        for (banned, expires, end) in [
            ("1", None, None),
            ("true", Some(""), None),
            ("1", Some("2026-01-03"), Some(end)),
            ("1", Some("soon"), None),
            ("perhaps", None, None),
        ] {
            let ban = ban(Some(banned), Some(" spam "), expires, now);
            let ban = ban.unwrap_or_else(|| panic!("{banned} {expires:?}"));
            assert_eq!(ban.expires, end, "{banned} {expires:?}");
        }
    }

    #[test]
    fn a_reason_is_kept() {
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        let reason = |text| ban(Some("1"), Some(text), None, now).unwrap().reason;
        assert_eq!(reason(" spam "), Some("spam".to_owned()));
        assert_eq!(reason(" "), None);
    }
}
