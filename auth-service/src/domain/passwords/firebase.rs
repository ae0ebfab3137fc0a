//! Firebase hashes. Such a hash is the signer key of the project, encrypted with AES-256 in counter
//! mode under a key that scrypt derives from the password. This service stores the key stream
//! (signer key XOR hash), so it need not store the signer key.
//!
//! `$firebase-scrypt$ln=<log₂ N>,r=<r>,p=<p>$<salt and separator>$<key stream>`

use aws_lc_rs::{
    cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey},
    iv::FixedLength,
};
use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};

use super::{lenient_base64, unusable_hash::UnusableHash};

const AES_KEY_BYTES: usize = 32;

pub(super) fn key_stream(
    password: &str,
    salt: &[u8],
    params: &scrypt::Params,
    length: usize,
) -> Option<Vec<u8>> {
    let mut key = [0; AES_KEY_BYTES];
    scrypt::scrypt(password.as_bytes(), salt, params, &mut key).ok()?;
    let key = UnboundCipherKey::new(&AES_256, &key).ok()?;
    let key = EncryptingKey::ctr(key).ok()?;
    let mut stream = vec![0; length];
    let context = EncryptionContext::Iv128(FixedLength::from([0; 16]));
    key.less_safe_encrypt(&mut stream, context).ok()?;
    Some(stream)
}

/// Converts a hash into the stored form. `rest` is a hash in Supabase's format for Firebase hashes,
/// without the prefix `$fbscrypt$`:
///
/// `v=1,n=<log₂ N>,r=<r>,p=<p>,ss=<salt separator>,sk=<signer key>$<salt>$<hash>`
pub(super) fn canonical(rest: &str) -> Result<String, UnusableHash> {
    let malformed = UnusableHash::Malformed;
    let [parameters, salt, hash] = *rest.split('$').collect::<Vec<_>>() else {
        return Err(malformed);
    };
    let parameter = |name: &str| {
        let mut all = parameters.split(',').filter_map(|parameter| parameter.split_once('='));
        all.find(|(key, _)| *key == name).map(|(_, value)| value).ok_or(malformed)
    };
    let number = |name| parameter(name)?.parse::<u32>().map_err(|_error| malformed);
    let bytes = |text| lenient_base64::decode(text).ok_or(malformed);
    let (signer_key, hash) = (bytes(parameter("sk")?)?, bytes(hash)?);
    if signer_key.len() != hash.len() {
        return Err(malformed);
    }
    let stream: Vec<_> = signer_key.iter().zip(&hash).map(|(a, b)| a ^ b).collect();
    let salt = [bytes(salt)?, bytes(parameter("ss")?)?].concat();
    let [salt, stream] = [salt, stream].map(|bytes| BASE64_STANDARD_NO_PAD.encode(bytes));
    let (log_n, r, p) = (number("n")?, number("r")?, number("p")?);
    Ok(format!("$firebase-scrypt$ln={log_n},r={r},p={p}${salt}${stream}"))
}
