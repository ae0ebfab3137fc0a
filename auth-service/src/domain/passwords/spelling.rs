//! Converts password hashes from the formats of other programs into their stored form.

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
use data_encoding::HEXLOWER_PERMISSIVE;

use super::{firebase, lenient_base64, unusable_hash::UnusableHash};

/// List of the accepted formats, for messages.
pub(crate) const ACCEPTED: &str = "bcrypt, argon2, scrypt and PBKDF2 (SHA-1, SHA-256, SHA-512) as Better Auth, \
    Django, Keycloak, Spring, passlib, Werkzeug or PHC strings write them, and Firebase's scrypt";

/// Maximum length of a hash kind's name in messages. A longer word may be a secret.
const MAX_KIND_CHARS: usize = 32;

/// Returns the stored form of a hash. A hash that needs no conversion is only trimmed, not
/// validated.
pub(super) fn canonical(text: &str) -> Result<String, UnusableHash> {
    let text = text.trim();
    if let Some((id, rest)) = text.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        return spring(id, rest);
    }
    let Some(rest) = text.strip_prefix('$') else {
        return match text.split_once('$') {
            Some((head, rest)) => django_or_werkzeug(head, rest),
            None => Ok(text.to_owned()),
        };
    };
    match rest.split_once('$') {
        Some(("fbscrypt", rest)) => firebase::canonical(rest),
        Some(("pbkdf2", rest)) => passlib("sha1", rest),
        Some((kind, rest)) if kind.starts_with("pbkdf2-") => passlib(&kind[7..], rest),
        _ => Ok(text.to_owned()),
    }
}

/// Converts Spring's `{id}hash`. For bcrypt and argon2, the part after `{id}` already has the form
/// that is stored.
fn spring(id: &str, rest: &str) -> Result<String, UnusableHash> {
    match id.split('@').next().unwrap_or_default() {
        "bcrypt" | "argon2" if rest.starts_with('$') => Ok(rest.to_owned()),
        "scrypt" => {
            // The cost packs log₂ N, r and p into 16, 8 and 8 bits.
            let malformed = UnusableHash::Malformed;
            let (cost, rest) =
                rest.strip_prefix('$').unwrap_or(rest).split_once('$').ok_or(malformed)?;
            let cost = u32::from_str_radix(cost, 16).map_err(|_error| malformed)?;
            let (salt, key) = rest.split_once('$').ok_or(malformed)?;
            let [log_n, r, p] = [cost >> 16, cost >> 8 & 0xff, cost & 0xff];
            phc(
                &format!("scrypt$ln={log_n},r={r},p={p}"),
                lenient_base64::decode(salt),
                lenient_base64::decode(key),
            )
        }
        _ => Err(UnusableHash::Unknown),
    }
}

/// Converts `algorithm$…`, the format that Django and Werkzeug use.
fn django_or_werkzeug(head: &str, rest: &str) -> Result<String, UnusableHash> {
    let parts: Vec<_> = rest.split('$').collect();
    let methods: Vec<_> = head.split(':').collect();
    match (methods.as_slice(), parts.as_slice()) {
        (["argon2"], _) if rest.starts_with("argon2") => Ok(format!("${rest}")),
        (["bcrypt"], _) if rest.starts_with("$2") => Ok(rest.to_owned()),
        (["bcrypt_sha256"], _) if rest.starts_with("$2") => {
            Ok(format!("$django-bcrypt-sha256{rest}"))
        }
        (["pbkdf2_sha256" | "pbkdf2_sha1" | "pbkdf2_sha512"], [iterations, salt, key]) => {
            let digest = head.trim_start_matches("pbkdf2_");
            let salt = Some(salt.as_bytes().to_vec());
            phc(&format!("pbkdf2-{digest}$i={iterations}"), salt, lenient_base64::decode(key))
        }
        (["scrypt"], [n, salt, r, p, key]) => {
            let cost = scrypt_cost(n, r, p)?;
            phc(&cost, Some(salt.as_bytes().to_vec()), lenient_base64::decode(key))
        }
        (["pbkdf2", digest @ ("sha1" | "sha256" | "sha512"), iterations], [salt, key]) => {
            let salt = Some(salt.as_bytes().to_vec());
            phc(&format!("pbkdf2-{digest}$i={iterations}"), salt, hexadecimal(key))
        }
        (["scrypt", n, r, p], [salt, key]) => {
            let cost = scrypt_cost(n, r, p)?;
            phc(&cost, Some(salt.as_bytes().to_vec()), hexadecimal(key))
        }
        _ => Err(UnusableHash::Unknown),
    }
}

/// Converts passlib's `<iterations>$<salt>$<key>`, and the same in a PHC string, where `i=`
/// precedes the iterations and `,l=<key length>` may follow them.
fn passlib(digest: &str, rest: &str) -> Result<String, UnusableHash> {
    let [cost, salt, key] = *rest.split('$').collect::<Vec<_>>() else {
        return Err(UnusableHash::Malformed);
    };
    let iterations = cost.split(',').next().unwrap_or_default();
    let iterations = iterations.strip_prefix("i=").unwrap_or(iterations);
    phc(
        &format!("pbkdf2-{digest}$i={iterations}"),
        lenient_base64::decode(salt),
        lenient_base64::decode(key),
    )
}

fn scrypt_cost(n: &str, r: &str, p: &str) -> Result<String, UnusableHash> {
    let n: u64 = n.parse().map_err(|_error| UnusableHash::Malformed)?;
    if !n.is_power_of_two() {
        return Err(UnusableHash::Malformed);
    }
    Ok(format!("scrypt$ln={},r={r},p={p}", n.trailing_zeros()))
}

fn phc(kind: &str, salt: Option<Vec<u8>>, key: Option<Vec<u8>>) -> Result<String, UnusableHash> {
    let (salt, key) = salt.zip(key).ok_or(UnusableHash::Malformed)?;
    let [salt, key] = [salt, key].map(|bytes| BASE64_STANDARD_NO_PAD.encode(bytes));
    Ok(format!("${kind}${salt}${key}"))
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()
}

/// Describes the kind of a rejected hash, without revealing its salt or digest.
pub(super) fn kind(text: &str) -> String {
    let text = text.trim();
    let is_word = |word: &str| {
        !word.is_empty()
            && word.len() <= MAX_KIND_CHARS
            && word.chars().all(|c| c.is_ascii_alphanumeric() || "_-@.".contains(c))
    };
    if let Some((id, _)) = text.strip_prefix('{').and_then(|rest| rest.split_once('}'))
        && is_word(id)
    {
        return match id {
            "noop" => "{noop}, a password in plain text".to_owned(),
            id => format!("{{{id}}}"),
        };
    }
    let parts: Vec<_> = text.split('$').collect();
    match parts.as_slice() {
        ["", "1", _, ..] => "MD5 crypt ($1$)".to_owned(),
        ["", "5", _, ..] => "SHA-256 crypt ($5$)".to_owned(),
        ["", "6", _, ..] => "SHA-512 crypt ($6$)".to_owned(),
        ["", "P" | "H", _, ..] => "phpass ($P$)".to_owned(),
        ["", id, _, _, ..] if is_word(id) => format!("${id}$"),
        [id, _, _, ..] if is_word(id) => format!("{id}$"),
        [text] if !text.is_empty() && text.chars().all(|c| c.is_ascii_hexdigit()) => {
            match text.len() {
                32 => "32 hexadecimal digits, like an MD5 hash".to_owned(),
                40 => "40 hexadecimal digits, like a SHA-1 hash".to_owned(),
                64 => "64 hexadecimal digits, like a SHA-256 hash".to_owned(),
                128 => "128 hexadecimal digits, like a SHA-512 hash".to_owned(),
                _ => "hexadecimal digits".to_owned(),
            }
        }
        _ => "unknown format; is it a password in plain text?".to_owned(),
    }
}
