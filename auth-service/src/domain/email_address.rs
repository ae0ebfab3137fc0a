//! Validation of e-mail addresses.

use lettre::Address;

/// Maximum length of an address: RFC 5321 §4.5.3.1.3, without the angle brackets.
pub(crate) const EMAIL_MAX_CHARS: usize = 254;
/// Maximum length of a local part: RFC 5321 §4.5.3.1.1.
const LOCAL_PART_MAX_CHARS: usize = 64;

/// Returns whether an address is valid by Better Auth's rules (ASCII, a dotted domain, no quoting,
/// no address literals) and can also be used as a mail recipient.
pub(crate) fn is_email(address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    let is_local_char = |c: char| c.is_ascii_alphanumeric() || "_'+-.".contains(c);
    let is_local = (1..=LOCAL_PART_MAX_CHARS).contains(&local.len())
        && local.chars().all(is_local_char)
        && !local.starts_with('.')
        && !local.ends_with(['.', '\''])
        && !local.contains("..");
    let is_label = |label: &str| {
        label.starts_with(|c: char| c.is_ascii_alphanumeric())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let Some((labels, last)) = domain.rsplit_once('.') else { return false };
    let is_domain = labels.split('.').all(is_label)
        && last.len() >= 2
        && last.chars().all(|c| c.is_ascii_alphabetic());
    let is_mailable = || address.parse::<Address>().is_ok();
    is_local && is_domain && address.len() <= EMAIL_MAX_CHARS && is_mailable()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_addresses_that_better_auth_accepts() {
        for address in [
            "a@b.co",
            "A.b+c-d_e'f@x-y.example.com",
            "1@1.aa",
            "-@b.co",
            &format!("{}@b.co", "a".repeat(64)),
            &format!("a@{}.co", "b".repeat(63)),
        ] {
            assert!(is_email(address), "{address}");
        }
        for address in [
            "",
            "a",
            "@b.co",
            "a@localhost",
            "a@b.c",
            "a..b@c.co",
            ".a@c.co",
            "a.@c.co",
            "a'@c.co",
            "a@b@c.co",
            "a@[127.0.0.1]",
            "a@-b.co",
            "a@b..co",
            "a@b.c0",
            "a@b.xn--p1ai",
            " a@b.co",
            "a@b.co ",
            "ä@b.co",
            "a@bücher.de",
            "ａ@b.co",
            "a@b.co\0",
            "a@b-.co",
            &format!("{}@b.co", "a".repeat(65)),
            &format!("a@{}.co", "b".repeat(64)),
        ] {
            assert!(!is_email(address), "{address:?}");
        }
    }
}
