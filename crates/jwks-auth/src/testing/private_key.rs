//! Private keys of test issuers.

#![expect(clippy::expect_used, reason = "this is for tests, and the operations need no input")]

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
        RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
        RsaPublicKeyComponents,
    },
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::Algorithm;

pub(super) enum PrivateKey {
    Ed25519(Ed25519KeyPair),
    /// A key pair and its `crv`.
    Ec(EcdsaKeyPair, &'static str),
    Rsa(RsaKeyPair),
}

impl PrivateKey {
    pub(super) fn from_seed(seed: &[u8; 32]) -> Self {
        Self::Ed25519(Ed25519KeyPair::from_seed_unchecked(seed).expect("any 32 bytes are a seed"))
    }

    pub(super) fn generate(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::EdDsa => Self::Ed25519(Ed25519KeyPair::generate().expect("entropy")),
            Algorithm::Es256 => Self::on_curve(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256"),
            Algorithm::Es384 => Self::on_curve(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384"),
            _ => Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect("entropy")),
        }
    }

    fn on_curve(signing: &'static EcdsaSigningAlgorithm, crv: &'static str) -> Self {
        Self::Ec(EcdsaKeyPair::generate(signing).expect("entropy"), crv)
    }

    /// Returns the parameters of the public JWK that depend on the type of the key (RFC 7518 §6,
    /// RFC 8037 §2).
    pub(super) fn public_jwk(&self) -> Value {
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Ed25519(key) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(key.public_key().as_ref()) })
            }
            Self::Ec(key, crv) => {
                let point = key.public_key().as_ref();
                let (x, y) = point.get(1..).unwrap_or_default().split_at(point.len() / 2);
                json!({ "kty": "EC", "crv": crv, "x": encode(x), "y": encode(y) })
            }
            Self::Rsa(key) => {
                let RsaPublicKeyComponents { n, e } =
                    RsaPublicKeyComponents::<Vec<u8>>::from(key.public_key());
                json!({ "kty": "RSA", "n": encode(&n), "e": encode(&e) })
            }
        }
    }

    /// Signs a message with `algorithm`, which must belong to this type of key.
    pub(super) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Ed25519(key) => key.sign(message).as_ref().to_vec(),
            Self::Ec(key, _) => key.sign(&random, message).expect("entropy").as_ref().to_vec(),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(rsa_encoding(algorithm), &random, message, &mut signature)
                    .expect("the buffer has the length of the modulus");
                signature
            }
        }
    }
}

fn rsa_encoding(algorithm: Algorithm) -> &'static dyn RsaEncoding {
    match algorithm {
        Algorithm::Rs384 => &RSA_PKCS1_SHA384,
        Algorithm::Rs512 => &RSA_PKCS1_SHA512,
        Algorithm::Ps256 => &RSA_PSS_SHA256,
        Algorithm::Ps384 => &RSA_PSS_SHA384,
        Algorithm::Ps512 => &RSA_PSS_SHA512,
        _ => &RSA_PKCS1_SHA256,
    }
}
