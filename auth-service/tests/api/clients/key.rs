//! Key pairs of clients.

use std::fs;

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use database::testing::TestDatabase;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::json_of;
use crate::app::{BASE_URL, TestApp};

pub(super) enum Key {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

impl Key {
    pub(super) fn ed25519() -> Self {
        Self::Ed25519(Ed25519KeyPair::generate().unwrap())
    }

    pub(super) fn p256() -> Self {
        Self::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "EdDSA",
            Self::P256(_) => "ES256",
        }
    }

    pub(super) fn pem(&self) -> String {
        let der: PublicKeyX509Der<'_> = match self {
            Self::Ed25519(pair) => pair.public_key().as_der().unwrap(),
            Self::P256(pair) => pair.public_key().as_der().unwrap(),
        };
        let body = BASE64_STANDARD.encode(der.as_ref());
        let lines: Vec<_> = body.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }

    pub(super) fn jwk(&self) -> Value {
        match self {
            Self::Ed25519(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key()) })
            }
            Self::P256(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) })
            }
        }
    }

    /// Returns a signed JWT in compact serialization (RFC 7515 §7.1).
    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    pub(super) fn sign_text(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = match self {
            Self::Ed25519(pair) => encode(pair.sign(signed.as_bytes())),
            Self::P256(pair) => encode(pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap()),
        };
        format!("{signed}.{signature}")
    }
}

/// Returns a folder with a key file, and the command-line arguments that name the file.
pub(super) fn key_file(text: &str) -> (TempDir, [String; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, text).unwrap();
    let arguments = ["--public-key".to_owned(), path.to_str().unwrap().to_owned()];
    (folder, arguments)
}

/// A client that signs assertions.
pub(super) struct KeyClient {
    pub(super) id: String,
    pub(super) key: Key,
}

impl KeyClient {
    pub(super) async fn create(db: &TestDatabase, key: Key) -> Self {
        let (_folder, [option, path]) = key_file(&key.pem());
        let created = json_of(db, &["create", "signer", &option, &path]).await.remove(0);
        Self { id: created["id"].as_str().unwrap().to_owned(), key }
    }

    /// Returns the claims of an assertion that is valid once.
    pub(super) fn claims(&self, app: &TestApp, jti: &str) -> Value {
        let now = app.now();
        let (iss, sub) = (&self.id, &self.id);
        json!({ "iss": iss, "sub": sub, "aud": BASE_URL, "exp": now + 60, "iat": now, "jti": jti })
    }

    pub(super) fn header(&self) -> Value {
        json!({ "alg": self.key.algorithm(), "typ": "JWT" })
    }

    pub(super) fn assertion(&self, app: &TestApp, jti: &str) -> String {
        self.key.sign(&self.header(), &self.claims(app, jti))
    }
}
