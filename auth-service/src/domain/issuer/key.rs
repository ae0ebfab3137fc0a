//! Keys that sign and verify tokens, each with the encoded headers of its tokens.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Serialize;
use serde_json::{Value, json};
use shared_models::AccessClaims;

use super::error::IssuerError;

/// Returns an encoded JWS header (RFC 7515 §4.1), including the dot that follows it.
fn encoded(header: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(header.to_string()) + "."
}

/// Returns the encoded header of access tokens.
fn access_header(kid: &str) -> String {
    encoded(&json!({ "alg": "EdDSA", "kid": kid }))
}

/// A private key with the encoded headers of the tokens that it signs.
pub(super) struct Signer {
    key: Ed25519KeyPair,
    access_header: String,
    /// The header of security event tokens (RFC 8417 §2.3).
    event_header: String,
}

impl Signer {
    pub(super) fn new(kid: &str, seed: &[u8]) -> Result<Self, IssuerError> {
        Ok(Self {
            key: Ed25519KeyPair::from_seed_unchecked(seed)?,
            access_header: access_header(kid),
            event_header: encoded(&json!({ "alg": "EdDSA", "kid": kid, "typ": "secevent+jwt" })),
        })
    }

    /// Signs an access token.
    pub(super) fn access_token(&self, claims: &AccessClaims) -> Result<String, IssuerError> {
        self.sign(&self.access_header, claims)
    }

    /// Signs a security event token.
    pub(super) fn event_token(&self, claims: &Value) -> Result<String, IssuerError> {
        self.sign(&self.event_header, claims)
    }

    /// Returns a JWT in the compact serialization (RFC 7515 §7.1).
    fn sign(&self, header: &str, claims: &impl Serialize) -> Result<String, IssuerError> {
        let mut token = header.to_owned();
        BASE64_URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims)?, &mut token);
        let signature = self.key.sign(token.as_bytes());
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

/// A published public key, which verifies access tokens.
pub(super) struct PublishedKey {
    /// The header of every access token that this key signs. Tokens with another header, such as
    /// security events, are rejected.
    header: String,
    key: UnparsedPublicKey<Vec<u8>>,
}

impl PublishedKey {
    pub(super) fn new(kid: &str, public_key: &[u8]) -> Self {
        let key = UnparsedPublicKey::new(&ED25519, public_key.to_vec());
        Self { header: access_header(kid), key }
    }

    /// Returns the claims of an access token, or `None` if it was not signed with this key. Does
    /// not check whether the token has expired.
    pub(super) fn verified(&self, token: &str) -> Option<AccessClaims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let claims = signed.strip_prefix(&self.header)?;
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
        self.key.verify(signed.as_bytes(), &decode(signature)?).ok()?;
        serde_json::from_slice(&decode(claims)?).ok()
    }
}
