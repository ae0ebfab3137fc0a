//! Keys that sign and verify tokens, each with the encoded headers of its tokens.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use shared_models::{AccessClaims, ClientClaims};

use super::error::IssuerError;
use crate::config::JwtAlgorithm;

/// Returns an encoded JWS header (RFC 7515 §4.1), including the dot that follows it.
fn encoded(header: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(header.to_string()) + "."
}

/// Returns the encoded header of users' access tokens.
fn access_header(algorithm: JwtAlgorithm, kid: &str) -> String {
    encoded(&json!({ "alg": algorithm.name(), "kid": kid }))
}

/// Returns the encoded header of clients' access tokens (RFC 9068 §2.1).
fn client_header(algorithm: JwtAlgorithm, kid: &str) -> String {
    encoded(&json!({ "alg": algorithm.name(), "kid": kid, "typ": "at+jwt" }))
}

/// A private key with the encoded headers of the tokens that it signs.
pub(super) struct Signer {
    key: Ed25519KeyPair,
    access_header: String,
    client_header: String,
    /// The header of security event tokens (RFC 8417 §2.3).
    event_header: String,
}

impl Signer {
    pub(super) fn new(
        algorithm: JwtAlgorithm,
        kid: &str,
        seed: &[u8],
    ) -> Result<Self, IssuerError> {
        let alg = algorithm.name();
        Ok(Self {
            key: Ed25519KeyPair::from_seed_unchecked(seed)?,
            access_header: access_header(algorithm, kid),
            client_header: client_header(algorithm, kid),
            event_header: encoded(&json!({ "alg": alg, "kid": kid, "typ": "secevent+jwt" })),
        })
    }

    pub(super) fn access_token(&self, claims: &AccessClaims) -> Result<String, IssuerError> {
        self.sign(&self.access_header, claims)
    }

    pub(super) fn client_token(&self, claims: &ClientClaims) -> Result<String, IssuerError> {
        self.sign(&self.client_header, claims)
    }

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
    /// The headers of the users' access tokens that this key signs: one for each name of the
    /// algorithm, because `JWT_ALG` may have changed. Tokens with another header, such as security
    /// events, are rejected.
    access_headers: [String; 2],
    client_headers: [String; 2],
    key: UnparsedPublicKey<Vec<u8>>,
}

impl PublishedKey {
    pub(super) fn new(kid: &str, public_key: &[u8]) -> Self {
        let key = UnparsedPublicKey::new(&ED25519, public_key.to_vec());
        Self {
            access_headers: JwtAlgorithm::ALL.map(|algorithm| access_header(algorithm, kid)),
            client_headers: JwtAlgorithm::ALL.map(|algorithm| client_header(algorithm, kid)),
            key,
        }
    }

    /// Returns the claims of a user's access token, or `None` if it was not signed with this key.
    /// Does not check whether the token has expired.
    pub(super) fn user_claims(&self, token: &str) -> Option<AccessClaims> {
        self.verified(&self.access_headers, token)
    }

    /// Like [`Self::user_claims`], for an access token of a client.
    pub(super) fn client_claims(&self, token: &str) -> Option<ClientClaims> {
        self.verified(&self.client_headers, token)
    }

    fn verified<C: DeserializeOwned>(&self, headers: &[String], token: &str) -> Option<C> {
        let (signed, signature) = token.rsplit_once('.')?;
        let claims = headers.iter().find_map(|header| signed.strip_prefix(&**header))?;
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
        self.key.verify(signed.as_bytes(), &decode(signature)?).ok()?;
        serde_json::from_slice(&decode(claims)?).ok()
    }
}
