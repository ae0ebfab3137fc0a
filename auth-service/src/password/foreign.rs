//! Hashes that others made: Better Auth's scrypt, plain bcrypt, and argon2 and scrypt as PHC
//! strings (<https://github.com/P-H-C/phc-string-format>). They are verified, never made.

use argon2::{Algorithm, Argon2, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};

use super::{BCRYPT_BASE64, BCRYPT_COSTS, BCRYPT_DIGEST_BYTES, UnusableHash, nfkc};

/// A hash may come from anybody's database, and verifying it must not bring the service down.
const MAX_MEMORY: u64 = 256 << 20;
/// Bytes of memory written in all, which is what scrypt and argon2 spend their time on.
const MAX_WORK: u64 = 1 << 30;
/// Shorter keys fit by chance, longer ones nobody makes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

const BETTER_AUTH_SALT_CHARS: usize = 32;
const BETTER_AUTH_KEY_CHARS: usize = 128;
/// N = 16384, r = 16, p = 1.
const BETTER_AUTH_COST: [u32; 3] = [14, 16, 1];

/// bcrypt reads no further.
const BCRYPT_MAX_BYTES: usize = 72;

/// Not `Debug`: it must not reach a log.
pub(super) enum Foreign {
    Bcrypt { cost: u32, salt: [u8; 16], key: Vec<u8> },
    Scrypt { params: scrypt::Params, salt: Vec<u8>, key: Vec<u8>, is_over_nfkc: bool },
    Argon2 { hasher: Argon2<'static>, salt: Vec<u8>, key: Vec<u8> },
}

impl Foreign {
    pub(super) fn read(stored: &str) -> Result<Self, UnusableHash> {
        let Some(phc) = stored.strip_prefix('$') else { return better_auth(stored) };
        let (id, rest) = phc.split_once('$').ok_or(UnusableHash::Unknown)?;
        match id {
            "2a" | "2b" | "2y" => bcrypt(rest),
            "scrypt" => scrypt_phc(rest),
            "argon2d" => argon2_phc(Algorithm::Argon2d, rest),
            "argon2i" => argon2_phc(Algorithm::Argon2i, rest),
            "argon2id" => argon2_phc(Algorithm::Argon2id, rest),
            _ => Err(UnusableHash::Unknown),
        }
    }

    pub(super) fn fits(&self, password: &str) -> bool {
        let expected = match self {
            Self::Bcrypt { key, .. } | Self::Scrypt { key, .. } | Self::Argon2 { key, .. } => key,
        };
        self.key(password).is_some_and(|key| verify_slices_are_equal(&key, expected).is_ok())
    }

    fn key(&self, password: &str) -> Option<Vec<u8>> {
        match self {
            Self::Bcrypt { cost, salt, .. } => {
                let mut input = password.as_bytes().to_vec();
                input.push(0);
                input.truncate(BCRYPT_MAX_BYTES);
                let digest = bcrypt::bcrypt(*cost, *salt, &input);
                digest.get(..BCRYPT_DIGEST_BYTES).map(<[u8]>::to_vec)
            }
            Self::Scrypt { params, salt, key, is_over_nfkc } => {
                let password = if *is_over_nfkc { nfkc(password) } else { password.to_owned() };
                let mut made = vec![0; key.len()];
                scrypt::scrypt(password.as_bytes(), salt, params, &mut made).ok()?;
                Some(made)
            }
            Self::Argon2 { hasher, salt, key } => {
                let mut made = vec![0; key.len()];
                hasher.hash_password_into(password.as_bytes(), salt, &mut made).ok()?;
                Some(made)
            }
        }
    }
}

/// `<salt>:<key>`, both hexadecimal; the salt is used as it is written.
fn better_auth(stored: &str) -> Result<Foreign, UnusableHash> {
    let (salt, key) = stored.split_once(':').ok_or(UnusableHash::Unknown)?;
    if salt.len() != BETTER_AUTH_SALT_CHARS || key.len() != BETTER_AUTH_KEY_CHARS {
        return Err(UnusableHash::Unknown);
    }
    bytes_of_hex(salt).ok_or(UnusableHash::Malformed)?;
    let key = bytes_of_hex(key).ok_or(UnusableHash::Malformed)?;
    Ok(Foreign::Scrypt {
        params: scrypt_params(BETTER_AUTH_COST)?,
        salt: salt.as_bytes().to_vec(),
        key,
        is_over_nfkc: true,
    })
}

fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let (pairs, _) = text.as_bytes().as_chunks();
    pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}

/// `<cost>$<22 characters of salt><31 characters of key>`
fn bcrypt(rest: &str) -> Result<Foreign, UnusableHash> {
    let malformed = UnusableHash::Malformed;
    let (cost, rest) = rest.split_once('$').ok_or(malformed)?;
    let (salt, key) = rest.split_at_checked(22).ok_or(malformed)?;
    let decoded = |text| BCRYPT_BASE64.decode(text).ok();
    let salt = decoded(salt).and_then(|salt| salt.try_into().ok()).ok_or(malformed)?;
    let key = decoded(key).filter(|key| key.len() == BCRYPT_DIGEST_BYTES).ok_or(malformed)?;
    let cost = cost.parse().ok().ok_or(malformed)?;
    match cost {
        _ if BCRYPT_COSTS.contains(&cost) => Ok(Foreign::Bcrypt { cost, salt, key }),
        _ if cost < *BCRYPT_COSTS.start() => Err(malformed),
        _ => Err(UnusableHash::TooCostly),
    }
}

/// `ln=<log₂ N>,r=<r>,p=<p>$<salt>$<key>`
fn scrypt_phc(rest: &str) -> Result<Foreign, UnusableHash> {
    let (cost, rest) = rest.split_once('$').ok_or(UnusableHash::Malformed)?;
    let params = scrypt_params(numbers(cost, ["ln", "r", "p"])?)?;
    let (salt, key) = salt_and_key(rest)?;
    Ok(Foreign::Scrypt { params, salt, key, is_over_nfkc: false })
}

fn scrypt_params([log_n, r, p]: [u32; 3]) -> Result<scrypt::Params, UnusableHash> {
    let malformed = UnusableHash::Malformed;
    if [log_n, r, p].contains(&0) {
        return Err(malformed);
    }
    let block = 128 * u64::from(r);
    let table = 1_u64.checked_shl(log_n).and_then(|n| n.checked_mul(block));
    let queue = block.checked_mul(p.into());
    let memory = table.zip(queue).and_then(|(table, queue)| table.checked_add(queue));
    check_cost(memory, table.and_then(|table| table.checked_mul(p.into())))?;
    let log_n = log_n.try_into().ok().ok_or(malformed)?;
    scrypt::Params::new(log_n, r, p).ok().ok_or(malformed)
}

/// `[v=<version>$]m=<KiB>,t=<passes>,p=<lanes>$<salt>$<key>`
fn argon2_phc(algorithm: Algorithm, rest: &str) -> Result<Foreign, UnusableHash> {
    let malformed = UnusableHash::Malformed;
    let (mut cost, mut rest) = rest.split_once('$').ok_or(malformed)?;
    // Hashes from before there were versions are of the first.
    let mut version = Version::V0x10;
    if cost.starts_with("v=") {
        let [number] = numbers(cost, ["v"])?;
        version = Version::try_from(number).ok().ok_or(malformed)?;
        (cost, rest) = rest.split_once('$').ok_or(malformed)?;
    }
    let [kib, passes, lanes] = numbers(cost, ["m", "t", "p"])?;
    let memory = u64::from(kib) << 10;
    check_cost(Some(memory), memory.checked_mul(passes.into()))?;
    let (salt, key) = salt_and_key(rest)?;
    let params = argon2::Params::new(kib, passes, lanes, Some(key.len())).ok().ok_or(malformed)?;
    if salt.len() < argon2::MIN_SALT_LEN {
        return Err(malformed);
    }
    Ok(Foreign::Argon2 { hasher: Argon2::new(algorithm, version, params), salt, key })
}

/// `None` is more than can be counted.
fn check_cost(memory: Option<u64>, work: Option<u64>) -> Result<(), UnusableHash> {
    let is_bearable = memory.is_some_and(|memory| memory <= MAX_MEMORY)
        && work.is_some_and(|work| work <= MAX_WORK);
    if is_bearable { Ok(()) } else { Err(UnusableHash::TooCostly) }
}

/// `<name>=<number>,…`: exactly these, in this order.
fn numbers<const N: usize>(text: &str, names: [&str; N]) -> Result<[u32; N], UnusableHash> {
    let mut parts = text.split(',');
    let mut read = |name| parts.next()?.strip_prefix(name)?.strip_prefix('=')?.parse().ok();
    let mut numbers = [0; N];
    for (number, name) in numbers.iter_mut().zip(names) {
        *number = read(name).ok_or(UnusableHash::Malformed)?;
    }
    if parts.next().is_some() {
        return Err(UnusableHash::Malformed);
    }
    Ok(numbers)
}

fn salt_and_key(text: &str) -> Result<(Vec<u8>, Vec<u8>), UnusableHash> {
    let decoded = |text| BASE64_STANDARD_NO_PAD.decode(text).ok();
    let (salt, key) = text.split_once('$').ok_or(UnusableHash::Malformed)?;
    decoded(salt)
        .zip(decoded(key).filter(|key| KEY_BYTES.contains(&key.len())))
        .ok_or(UnusableHash::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "correct horse 42";
    const BETTER_AUTH: &str = "000102030405060708090a0b0c0d0e0f:\
        8ed9adfc898e960d174d858ac4c12440866742e40bbdadfaf92ab0dd306633d8\
        f5b206c823ad596219b4cc0669395ea4e73b6aeb098da40879b8688fc0b1eca7";
    /// Made by passlib and argon2-cffi.
    const THEIRS: [&str; 9] = [
        BETTER_AUTH,
        "$2b$05$vqUhrIwkDcP5xczYxBaAteG5t5XkGQEX0cuxGPXx3TyW2dJmLyF2K",
        "$2a$05$50EVJsvIPWQdb..NFl.EXenh2j0TfckOEB91qQic8AAGyRfDcNJlS",
        "$2y$05$MCYEGWcmpjBMp8YulCdTEOkHfKUm5vxcTLgJAVd90Ni.6w7OfOQaS",
        "$argon2id$v=19$m=64,t=2,p=2$SgnBeE8pZcwZY8x5j9Fayw$\
         UjYpU2WRfjE04Ub3ycSGU7JjS06eum5H+Jc/MM40m5k",
        "$argon2i$v=19$m=64,t=2,p=1$2LtXSkmJ0dr7n5MyJuQcww$\
         Q2bbHEBPltBdxjMdWEWGh2akte9oOKsio+32xpa5hz4",
        "$argon2d$v=19$m=64,t=2,p=1$VwrhfA/hfI+xlrKWMqbUOg$\
         JazoFBIMAuJxx3AMeoOM7bm1LNmBCvnmElTgcHkXon0",
        "$argon2i$m=64,t=2,p=1$c2FsdHNhbHRzYWx0$xS4xTHZ8J9xpW6vBOX6NPp8KN+13qwws0PuS/AcrMp0",
        "$scrypt$ln=4,r=8,p=1$59zbu9cao5SSMgYgxJiz9g$EYzBnT7OE0LwjqE3pKeLFPNR9eiq25gCGullUywikMw",
    ];

    fn fits(password: &str, stored: &str) -> bool {
        Foreign::read(stored).is_ok_and(|hash| hash.fits(password))
    }

    #[test]
    fn hashes_of_others_fit_their_password_and_no_other() {
        for stored in THEIRS {
            assert!(fits(PASSWORD, stored), "{stored}");
            for other in ["", "correct horse 4", "correct horse 42 ", "\0correct horse 42"] {
                assert!(!fits(other, stored), "{other:?} fits {stored}");
            }
        }
    }

    #[test]
    fn better_auth_hashed_the_one_form_of_a_password() {
        let stored = "000102030405060708090a0b0c0d0e0f:\
            75fb702ab1a09e7a3e70dc4b1ed2db37e319d6352bc9db8927d5ccfaca8b7fdd\
            4ed6a265e75b39a8a6fbb20dda18999d144da02113b81bd4ea1ff25f17f09c31";
        for same in ["\u{212b}ngström 42", "A\u{30a}ngstro\u{308}m 42"] {
            assert!(fits(same, stored), "{same}");
        }
        assert!(!fits("Angstrom 42", stored));
    }

    #[test]
    fn a_hash_that_was_cut_or_changed_fits_nothing() {
        for stored in THEIRS {
            let changed = format!("{}{}", &stored[..stored.len() - 8], "eeeeeeee");
            assert!(!fits(PASSWORD, &changed), "{changed} fits");
            // scrypt makes keys of any length, and a short one is the beginning of a long one.
            let is_shorter_key = |at| stored.starts_with("$scrypt") && at > stored.len() - 25;
            for (at, _) in stored.char_indices().filter(|(at, _)| !is_shorter_key(*at)) {
                assert!(!fits(PASSWORD, &stored[..at]), "{} fits", &stored[..at]);
            }
        }
    }

    #[test]
    fn what_is_no_hash_is_refused_with_the_reason() {
        use UnusableHash::{Malformed, TooCostly, Unknown};
        let salt = "59zbu9cao5SSMgYgxJiz9g";
        let key = "EYzBnT7OE0LwjqE3pKeLFPNR9eiq25gCGullUywikMw";
        let upper = BETTER_AUTH.to_uppercase();
        for (stored, reason) in [
            (String::new(), Unknown),
            ("secret".into(), Unknown),
            ("a:b".into(), Unknown),
            ("$".into(), Unknown),
            ("$1$salt$hash".into(), Unknown),
            ("$2x$05$vqUhrIwkDcP5xczYxBaAteG5t5XkGQEX0cuxGPXx3TyW2dJmLyF2K".into(), Unknown),
            (upper, Malformed),
            (THEIRS[1].replace("$05$", "$03$"), Malformed),
            (THEIRS[1].replace("$05$", "$17$"), TooCostly),
            (THEIRS[1].replace("$05$", "$-5$"), Malformed),
            (THEIRS[1].replace('v', "ä"), Malformed),
            (format!("$scrypt$ln=0,r=8,p=1${salt}${key}"), Malformed),
            (format!("$scrypt$ln=4,r=0,p=1${salt}${key}"), Malformed),
            (format!("$scrypt$ln=4,r=8${salt}${key}"), Malformed),
            (format!("$scrypt$ln=4,r=8,p=1,x=1${salt}${key}"), Malformed),
            (format!("$scrypt$ln=4,r=8,p=1${salt}$EYzB"), Malformed),
            (format!("$scrypt$ln=18,r=8,p=1${salt}${key}"), TooCostly),
            (format!("$scrypt$ln=64,r=8,p=1${salt}${key}"), TooCostly),
            (format!("$scrypt$ln=300,r=8,p=1${salt}${key}"), TooCostly),
            (format!("$scrypt$ln=4,r=4294967295,p=4294967295${salt}${key}"), TooCostly),
            (format!("$scrypt$ln=16,r=8,p=17${salt}${key}"), TooCostly),
            (format!("$argon2id$v=18$m=64,t=2,p=1${salt}${key}"), Malformed),
            (format!("$argon2id$v=19$m=64,t=0,p=1${salt}${key}"), Malformed),
            (format!("$argon2id$v=19$m=7,t=2,p=1${salt}${key}"), Malformed),
            (format!("$argon2id$v=19$m=64,t=2,p=9${salt}${key}"), Malformed),
            (format!("$argon2id$v=19$m=64,t=2,p=1$c2FsdA${key}"), Malformed),
            (format!("$argon2id$v=19$m=64,t=2,p=1,keyid=YQ${salt}${key}"), Malformed),
            (format!("$argon2id$v=19$m=262145,t=1,p=1${salt}${key}"), TooCostly),
            (format!("$argon2id$v=19$m=262144,t=5,p=1${salt}${key}"), TooCostly),
            (format!("$argon2id$v=19$m=4294967295,t=4294967295,p=1${salt}${key}"), TooCostly),
        ] {
            assert_eq!(Foreign::read(&stored).err(), Some(reason), "{stored}");
        }
    }

    #[test]
    fn what_people_really_configure_is_accepted() {
        let salt = "59zbu9cao5SSMgYgxJiz9g";
        let key = "EYzBnT7OE0LwjqE3pKeLFPNR9eiq25gCGullUywikMw";
        for cost in [
            "$scrypt$ln=17,r=8,p=1",
            "$scrypt$ln=13,r=8,p=10",
            "$argon2id$v=19$m=65536,t=3,p=4",
            "$argon2id$v=19$m=102400,t=2,p=8",
            "$argon2id$v=19$m=262144,t=3,p=1",
        ] {
            assert!(Foreign::read(&format!("{cost}${salt}${key}")).is_ok(), "{cost}");
        }
    }
}
