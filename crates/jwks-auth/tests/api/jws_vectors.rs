//! Published test vectors of JSON Web Signatures (RFC 7515) and Keys (RFC 7517).

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jwks_auth::{Algorithm, PublicKey};
use serde_json::Value;

const WYCHEPROOF: &str = include_str!("data/wycheproof_jws.txt");
const WYCHEPROOF_VECTORS: usize = 294;

/// Valid vectors that we reject: the `alg` of the key is PS256, and that of the header PS384.
const STRICTER: [&str; 2] = ["s346", "s350"];
/// Invalid vectors that we accept: a key with the weakness ROCA (CVE-2017-15361) can be factored,
/// but its signatures are correct. Issuers must not make such keys.
const NOT_DETECTED: [&str; 1] = ["k7"];

/// Verifies a JWS as the verifier does, apart from its claims.
fn verifies(key: Option<&PublicKey>, jws: &str) -> Option<bool> {
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
    let (signed, signature) = jws.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    let header: Value = serde_json::from_slice(&decode(header)?).ok()?;
    decode(payload)?;
    let algorithm = Algorithm::from_name(header["alg"].as_str()?)?;
    Some(key?.verifies(algorithm, signed.as_bytes(), &decode(signature)?))
}

#[test]
fn the_vectors_of_wycheproof_are_judged_as_published() {
    let mut key = None;
    let mut count = 0;
    for line in WYCHEPROOF.lines().filter(|line| !line.starts_with('#')) {
        if let Some(jwk) = line.strip_prefix("key ") {
            key = PublicKey::from_jwk(jwk, Algorithm::ALL);
            continue;
        }
        let mut fields = line.splitn(4, ' ').map(|field| if field == "-" { "" } else { field });
        let [number, result, jws, comment] = [(); 4].map(|()| fields.next().unwrap());
        let expected = result == "valid" && !STRICTER.contains(&number);
        let expected = expected || NOT_DETECTED.contains(&number);
        let verifies = verifies(key.as_ref(), jws).unwrap_or(false);
        assert_eq!(verifies, expected, "{number} {comment}");
        count += 1;
    }
    assert_eq!(count, WYCHEPROOF_VECTORS);
}

/// RFC 7515 appendices A.2 and A.3: claims of the issuer "joe", signed with RS256 and ES256.
#[test]
fn the_signatures_of_rfc_7515_verify() {
    let rs256 = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
    let es256 = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    let claims = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    for (jwk, header, signature) in [
        (
            rs256,
            "eyJhbGciOiJSUzI1NiJ9",
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        ),
        (
            es256,
            "eyJhbGciOiJFUzI1NiJ9",
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        ),
    ] {
        let key = PublicKey::from_jwk(jwk, Algorithm::ALL);
        let jws = format!("{header}.{claims}.{signature}");
        assert_eq!(verifies(key.as_ref(), &jws), Some(true), "{header}");
        let forged = format!("{header}.{}.{signature}", claims.replacen("Lm", "Lk", 1));
        assert_ne!(forged, jws);
        assert_eq!(verifies(key.as_ref(), &forged), Some(false), "{header}");
    }
}
