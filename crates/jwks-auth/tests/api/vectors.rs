//! Published test vectors of Ed25519 and its JOSE binding.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jwks_auth::{Algorithm, PublicKey, TrustedIssuer, Verifier, testing::Issuer};
use serde_json::json;

use crate::world::{AUDIENCE, ISSUER, claims};

const WYCHEPROOF: &str = include_str!("data/wycheproof_ed25519.txt");
const WYCHEPROOF_VECTORS: usize = 151;

/// RFC 8032 §7.1: private key, message, signature. TEST 1024 is omitted, because it is vector 83 of
/// Wycheproof.
const RFC_8032: [(&str, &str, &str); 4] = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155\
         5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
         18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
         2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589\
         09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
];

pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    assert_eq!(hex.len() % 2, 0, "{hex}");
    (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect()
}

#[test]
fn the_vectors_of_wycheproof_are_judged_as_published() {
    let mut key = None;
    let mut count = 0;
    for line in WYCHEPROOF.lines().filter(|line| !line.starts_with('#')) {
        if let Some(point) = line.strip_prefix("key ") {
            key = PublicKey::ed25519(&bytes(point));
            continue;
        }
        let mut fields = line.splitn(5, ' ').map(|field| field.trim_matches('-'));
        let [number, result, message, signature] = [(); 4].map(|()| fields.next().unwrap());
        let verifies =
            key.as_ref().unwrap().verifies(Algorithm::EdDsa, &bytes(message), &bytes(signature));
        assert_eq!(verifies, result == "valid", "{number} {:?}", fields.next());
        count += 1;
    }
    assert_eq!(count, WYCHEPROOF_VECTORS);
}

#[test]
fn the_vectors_of_rfc_8032_verify_and_nothing_near_them() {
    for (seed, message, signature) in RFC_8032 {
        let seed: [u8; 32] = bytes(seed).try_into().unwrap();
        let point = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key();
        let key = PublicKey::ed25519(point.as_bytes()).unwrap();
        let (message, signature) = (bytes(message), bytes(signature));
        assert!(key.verifies(Algorithm::EdDsa, &message, &signature));
        assert!(!key.verifies(Algorithm::EdDsa, &[&*message, b"x"].concat(), &signature));
        for bit in 0..8 * signature.len() {
            let mut flipped = signature.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.verifies(Algorithm::EdDsa, &message, &flipped), "bit {bit}");
        }
    }
}

/// RFC 8037 appendix A.4: a JWS with the key of A.2 and a plain-text payload.
#[test]
fn the_signature_of_rfc_8037_verifies() {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let jws = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt\
        7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let (signed, signature) = jws.rsplit_once('.').unwrap();
    let [x, signature] = [x, signature].map(|part| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap());
    let key = PublicKey::ed25519(&x).unwrap();
    assert!(key.verifies(Algorithm::EdDsa, signed.as_bytes(), &signature));
}

/// RFC 8037 appendices A.1 to A.3: the private key, its JWK, and its thumbprint as `kid` (RFC
/// 7638).
#[tokio::test]
async fn a_token_by_the_key_of_rfc_8037_is_accepted() {
    let seed = BASE64_URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    let kid = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
    let issuer = Issuer::from_seed(kid, &seed.unwrap().try_into().unwrap());
    assert_eq!(issuer.jwk()["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    let trusted = TrustedIssuer::with_source(ISSUER, AUDIENCE, issuer.keys());
    let verifier = Verifier::builder(trusted).build().unwrap();
    let mut claims = claims("ada");
    claims["exp"] = json!(4_102_444_800_u64);
    claims["iat"] = json!(1);
    assert!(verifier.verify::<serde_json::Value>(&issuer.sign(&claims)).await.is_ok());
}

/// A token with the claims that a Better Auth server issues, signed with the private key in RFC
/// 8037 appendix A.1.
#[tokio::test]
async fn a_better_auth_servers_token_is_accepted() {
    let token = "eyJhbGciOiJFZERTQSIsImtpZCI6IkV4YW1wbGVLZXlJZDAxMjM0NTY3ODlBQkNERUZHSElKIn0.\
        eyJpYXQiOjE3NjczMjI4MDAsIm5hbWUiOiJBZGEgRXhhbXBsZSIsImVtYWlsIjoiYWRhQGV4YW1wbGUuY29tIiwiZW\
        1haWxWZXJpZmllZCI6ZmFsc2UsImltYWdlIjpudWxsLCJjcmVhdGVkQXQiOiIyMDI2LTAxLTAyVDAzOjAwOjAwLjEy\
        M1oiLCJ1cGRhdGVkQXQiOiIyMDI2LTAxLTAyVDAzOjAwOjAwLjEyM1oiLCJpZCI6IkV4YW1wbGVVc2VySWQwMTIzND\
        U2Nzg5QUJDREVGR0hJIiwic3ViIjoiRXhhbXBsZVVzZXJJZDAxMjM0NTY3ODlBQkNERUZHSEkiLCJleHAiOjE3Njc0\
        MDkyMDAsImlzcyI6Imh0dHA6Ly9sb2NhbGhvc3Q6MzAwMCIsImF1ZCI6Imh0dHA6Ly9sb2NhbGhvc3Q6MzAwMCJ9.\
        VlN7uxJ3BQjxgldqxzmOiKSc9CyqJOa3uskRPo0KSAj9wfXIzpDIrUyixnsPRsGvGOnq9frFOt2y7MReCmJWAw";
    let seed = BASE64_URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    let kid = "ExampleKeyId0123456789ABCDEFGHIJ";
    let issuer = Issuer::from_seed(kid, &seed.unwrap().try_into().unwrap());
    let url = "http://localhost:3000";
    let trusted = TrustedIssuer::with_source(url, url, issuer.keys());
    let noon = std::time::UNIX_EPOCH + std::time::Duration::from_secs(crate::world::NOW);
    let verifier = Verifier::builder(trusted).clock(move || noon).build().unwrap();
    let claims = verifier.verify::<serde_json::Value>(token).await.unwrap();
    assert_eq!(claims["sub"], "ExampleUserId0123456789ABCDEFGHI");
}
