//! Hashes created by other programs: the scrypt variants of Better Auth and Firebase, bcrypt
//! (plain, or over SHA-256 as in Django), and argon2, scrypt and PBKDF2 as PHC strings
//! (<https://github.com/P-H-C/phc-string-format>). They are verified, but never created.

use argon2::{Algorithm, Argon2, Version};
use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};
use base64::Engine as _;
use data_encoding::HEXLOWER;

use super::{
    bcrypt_encoding::{BCRYPT_BASE64, BCRYPT_COSTS, BCRYPT_DIGEST_BYTES},
    firebase,
    normalization::nfkc,
    pbkdf2::Pbkdf2,
    phc::{numbers, salt_and_key},
    unusable_hash::UnusableHash,
};

/// Maximum memory for a verification, in bytes. Hashes are imported from other databases and must
/// not exhaust the memory of the service.
const MAX_MEMORY: u64 = 256 << 20;
/// Maximum number of bytes that a verification writes to memory in total. These writes take most of
/// the time of scrypt and argon2.
const MAX_WORK: u64 = 1 << 30;
const BETTER_AUTH_SALT_CHARS: usize = 32;
const BETTER_AUTH_KEY_CHARS: usize = 128;
/// log₂ N, r and p of Better Auth's scrypt. N is 16384.
const BETTER_AUTH_COST: [u32; 3] = [14, 16, 1];

/// Number of bytes of a password that bcrypt uses; it ignores the rest.
const BCRYPT_MAX_BYTES: usize = 72;

/// A parsed hash. Does not implement `Debug`, so that it cannot reach a log.
pub(super) enum Foreign {
    Bcrypt { cost: u32, salt: [u8; 16], key: Vec<u8>, is_over_sha256: bool },
    Scrypt { params: scrypt::Params, salt: Vec<u8>, key: Vec<u8>, is_over_nfkc: bool },
    Argon2 { hasher: Argon2<'static>, salt: Vec<u8>, key: Vec<u8> },
    Pbkdf2(Pbkdf2),
    Firebase { params: scrypt::Params, salt: Vec<u8>, key: Vec<u8> },
}

impl Foreign {
    pub(super) fn read(stored: &str) -> Result<Self, UnusableHash> {
        let Some(phc) = stored.strip_prefix('$') else { return better_auth(stored) };
        let (id, rest) = phc.split_once('$').ok_or(UnusableHash::Unknown)?;
        match id {
            "2a" | "2b" | "2y" => bcrypt(rest, false),
            "django-bcrypt-sha256" => match rest.split_once('$') {
                Some(("2a" | "2b" | "2y", rest)) => bcrypt(rest, true),
                _ => Err(UnusableHash::Malformed),
            },
            "scrypt" => scrypt_phc(rest).map(|(params, salt, key)| Self::Scrypt {
                params,
                salt,
                key,
                is_over_nfkc: false,
            }),
            "firebase-scrypt" => {
                scrypt_phc(rest).map(|(params, salt, key)| Self::Firebase { params, salt, key })
            }
            "argon2d" => argon2_phc(Algorithm::Argon2d, rest),
            "argon2i" => argon2_phc(Algorithm::Argon2i, rest),
            "argon2id" => argon2_phc(Algorithm::Argon2id, rest),
            _ => match id.strip_prefix("pbkdf2-") {
                Some(digest) => Pbkdf2::read(digest, rest).map(Self::Pbkdf2),
                None => Err(UnusableHash::Unknown),
            },
        }
    }

    pub(super) fn fits(&self, password: &str) -> bool {
        let expected = match self {
            Self::Bcrypt { key, .. }
            | Self::Scrypt { key, .. }
            | Self::Argon2 { key, .. }
            | Self::Pbkdf2(Pbkdf2 { key, .. })
            | Self::Firebase { key, .. } => key,
        };
        self.key(password).is_some_and(|key| verify_slices_are_equal(&key, expected).is_ok())
    }

    fn key(&self, password: &str) -> Option<Vec<u8>> {
        match self {
            Self::Bcrypt { cost, salt, is_over_sha256, .. } => {
                let mut input = if *is_over_sha256 {
                    HEXLOWER.encode(digest(&SHA256, password.as_bytes()).as_ref()).into_bytes()
                } else {
                    password.as_bytes().to_vec()
                };
                input.push(0);
                input.truncate(BCRYPT_MAX_BYTES);
                let made = bcrypt::bcrypt(*cost, *salt, &input);
                made.get(..BCRYPT_DIGEST_BYTES).map(<[u8]>::to_vec)
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
            Self::Pbkdf2(hash) => Some(hash.key(password)),
            Self::Firebase { params, salt, key } => {
                firebase::key_stream(password, salt, params, key.len())
            }
        }
    }
}

/// Parses `<salt>:<key>`, both hexadecimal. The salt is used in its encoded form.
fn better_auth(stored: &str) -> Result<Foreign, UnusableHash> {
    let (salt, key) = stored.split_once(':').ok_or(UnusableHash::Unknown)?;
    if salt.len() != BETTER_AUTH_SALT_CHARS || key.len() != BETTER_AUTH_KEY_CHARS {
        return Err(UnusableHash::Unknown);
    }
    let decoded =
        |text: &str| HEXLOWER.decode(text.as_bytes()).map_err(|_error| UnusableHash::Malformed);
    decoded(salt)?;
    let key = decoded(key)?;
    Ok(Foreign::Scrypt {
        params: scrypt_params(BETTER_AUTH_COST)?,
        salt: salt.as_bytes().to_vec(),
        key,
        is_over_nfkc: true,
    })
}

/// Parses `<cost>$<22 characters of salt><31 characters of key>`.
fn bcrypt(rest: &str, is_over_sha256: bool) -> Result<Foreign, UnusableHash> {
    let malformed = UnusableHash::Malformed;
    let (cost, rest) = rest.split_once('$').ok_or(malformed)?;
    let (salt, key) = rest.split_at_checked(22).ok_or(malformed)?;
    let decoded = |text| BCRYPT_BASE64.decode(text).ok();
    let salt = decoded(salt).and_then(|salt| salt.try_into().ok()).ok_or(malformed)?;
    let key = decoded(key).filter(|key| key.len() == BCRYPT_DIGEST_BYTES).ok_or(malformed)?;
    let cost = cost.parse().ok().ok_or(malformed)?;
    match cost {
        _ if BCRYPT_COSTS.contains(&cost) => {
            Ok(Foreign::Bcrypt { cost, salt, key, is_over_sha256 })
        }
        _ if cost < *BCRYPT_COSTS.start() => Err(malformed),
        _ => Err(UnusableHash::TooCostly),
    }
}

/// Parses `ln=<log₂ N>,r=<r>,p=<p>$<salt>$<key>`.
fn scrypt_phc(rest: &str) -> Result<(scrypt::Params, Vec<u8>, Vec<u8>), UnusableHash> {
    let (cost, rest) = rest.split_once('$').ok_or(UnusableHash::Malformed)?;
    let params = scrypt_params(numbers(cost, ["ln", "r", "p"])?)?;
    let (salt, key) = salt_and_key(rest)?;
    Ok((params, salt, key))
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

/// Parses `[v=<version>$]m=<KiB>,t=<passes>,p=<lanes>$<salt>$<key>`.
fn argon2_phc(algorithm: Algorithm, rest: &str) -> Result<Foreign, UnusableHash> {
    let malformed = UnusableHash::Malformed;
    let (mut cost, mut rest) = rest.split_once('$').ok_or(malformed)?;
    // Hashes of the first version of argon2 do not contain a version.
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

/// Rejects hashes that need too much memory or work, both in bytes. `None` stands for an overflow.
fn check_cost(memory: Option<u64>, work: Option<u64>) -> Result<(), UnusableHash> {
    let is_bearable = memory.is_some_and(|memory| memory <= MAX_MEMORY)
        && work.is_some_and(|work| work <= MAX_WORK);
    if is_bearable { Ok(()) } else { Err(UnusableHash::TooCostly) }
}

#[cfg(test)]
mod tests;
