//! Public keys, each bound to the algorithms that it may verify.

mod ed25519;
mod rsa;

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    VerificationAlgorithm,
};

use crate::Algorithm;

/// Length of a coordinate of a point on P-256 (RFC 7518 §6.2.1.2).
const P256_BYTES: usize = 32;
const P384_BYTES: usize = 48;
/// First byte of an encoded uncompressed point (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 4;

/// A public key, and the algorithms for which it may be used. No other algorithm is ever tried with
/// it (RFC 8725 §3.1).
#[derive(Clone)]
pub struct PublicKey {
    /// The point or the `SubjectPublicKeyInfo`. Keys are equal if this and the algorithms are equal.
    encoded: Box<[u8]>,
    parsed: Vec<(Algorithm, ParsedPublicKey)>,
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithms: Vec<_> = self.algorithms().collect();
        f.debug_tuple("PublicKey").field(&algorithms).field(&self.encoded).finish()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.encoded == other.encoded && self.algorithms().eq(other.algorithms())
    }
}

impl Eq for PublicKey {}

impl PublicKey {
    /// Decodes an Ed25519 key of 32 bytes (RFC 8032 §5.1.2). Returns `None` for an invalid or
    /// non-canonical encoding (§5.1.3), and for a point of small order, under which forged
    /// signatures verify.
    pub fn ed25519(point: &[u8]) -> Option<Self> {
        let point = <[u8; ed25519::POINT_BYTES]>::try_from(point).ok()?;
        ed25519::is_safe(point).then(|| Self::new(&point, &[Algorithm::EdDsa])).flatten()
    }

    /// Decodes a point of P-256. AWS-LC verifies that it is on the curve.
    pub(crate) fn p256(x: &[u8], y: &[u8]) -> Option<Self> {
        Self::on_curve(P256_BYTES, x, y, Algorithm::Es256)
    }

    /// Decodes a point of P-384. AWS-LC verifies that it is on the curve.
    pub(crate) fn p384(x: &[u8], y: &[u8]) -> Option<Self> {
        Self::on_curve(P384_BYTES, x, y, Algorithm::Es384)
    }

    fn on_curve(bytes: usize, x: &[u8], y: &[u8], algorithm: Algorithm) -> Option<Self> {
        let has_full_length = x.len() == bytes && y.len() == bytes;
        has_full_length
            .then(|| Self::new(&[&[UNCOMPRESSED][..], x, y].concat(), &[algorithm]))
            .flatten()
    }

    /// Decodes an RSA key of 2048 to 8192 bits.
    pub(crate) fn rsa(n: &[u8], e: &[u8], algorithms: &[Algorithm]) -> Option<Self> {
        Self::new(&rsa::encode(n, e)?, algorithms)
    }

    fn new(encoded: &[u8], algorithms: &[Algorithm]) -> Option<Self> {
        let parse = |algorithm: &Algorithm| {
            Some((*algorithm, ParsedPublicKey::new(verification(*algorithm), encoded).ok()?))
        };
        let parsed = algorithms.iter().map(parse).collect::<Option<Vec<_>>>()?;
        (!parsed.is_empty()).then(|| Self { encoded: encoded.into(), parsed })
    }

    /// Returns the algorithms for which the key may be used.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.parsed.iter().map(|(algorithm, _)| *algorithm)
    }

    /// Returns whether this key verifies `signature` as a signature of `message` with `algorithm`;
    /// false if the key is not for this algorithm.
    ///
    /// Ed25519 signatures are verified strictly (RFC 8032 §5.1.7): S is less than the group order,
    /// R is the canonical encoding of the computed point (both checked by AWS-LC), and R is not of
    /// small order. ECDSA signatures are two numbers of full length (RFC 7518 §3.4), not DER. The
    /// salt of PSS is as long as the hash (§3.5).
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let own = self.parsed.iter().find(|(own, _)| *own == algorithm);
        let Some((_, key)) = own else { return false };
        if algorithm == Algorithm::EdDsa && !ed25519::is_strict(signature) {
            return false;
        }
        key.verify_sig(message, signature).is_ok()
    }
}

fn verification(algorithm: Algorithm) -> &'static dyn VerificationAlgorithm {
    match algorithm {
        Algorithm::EdDsa => &ED25519,
        Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
        Algorithm::Es384 => &ECDSA_P384_SHA384_FIXED,
        Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &RSA_PSS_2048_8192_SHA512,
    }
}
