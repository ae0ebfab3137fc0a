//! An issuer in memory, for the tests of services that verify tokens.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};

/// Mints tokens, good and bad. Serve [`Issuer::jwks`] where the service looks for keys.
#[derive(Clone, Debug)]
pub struct Issuer {
    kid: String,
    key: SigningKey,
}

impl Issuer {
    /// The same `seed` gives the same key.
    pub fn new(kid: impl Into<String>, seed: u8) -> Self {
        Self { kid: kid.into(), key: SigningKey::from_bytes(&[seed; 32]) }
    }

    /// The public key as an entry of a JWK set (RFC 8037 §2).
    pub fn jwk(&self) -> Value {
        let x = BASE64_URL_SAFE_NO_PAD.encode(self.key.verifying_key().as_bytes());
        json!({ "alg": "EdDSA", "crv": "Ed25519", "kty": "OKP", "kid": self.kid, "x": x })
    }

    /// A set of this one key.
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.jwk()] })
    }

    /// A token with the usual header.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with_header(&json!({ "alg": "EdDSA", "kid": self.kid }), claims)
    }

    /// A token with any header, signed with this key all the same.
    pub fn sign_with_header(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// A token over any bytes: duplicate members, broken JSON.
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        let signed = format!(
            "{}.{}",
            BASE64_URL_SAFE_NO_PAD.encode(header),
            BASE64_URL_SAFE_NO_PAD.encode(claims)
        );
        let signature = self.key.sign(signed.as_bytes()).to_bytes();
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}
