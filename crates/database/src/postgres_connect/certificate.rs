//! Certificate fields that rustls does not expose.

use x509_cert::{
    Certificate, Version,
    der::{Decode as _, Encode as _, oid::ObjectIdentifier},
};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const SUBJECT_ALTERNATIVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// Returns whether a certificate has a common name that matches the host name `name`, and no
/// subject alternative names.
pub(super) fn has_common_name(certificate: &[u8], name: &str) -> bool {
    let Ok(Certificate { tbs_certificate, .. }) = Certificate::from_der(certificate) else {
        return false;
    };
    let mut extensions = tbs_certificate.extensions.iter().flatten();
    if extensions.any(|extension| extension.extn_id == SUBJECT_ALTERNATIVE_NAME) {
        return false;
    }
    let attributes = tbs_certificate.subject.0.iter().flat_map(|names| names.0.iter());
    let mut common_names = attributes.filter(|attribute| attribute.oid == COMMON_NAME);
    common_names.any(|attribute| {
        str::from_utf8(attribute.value.value()).is_ok_and(|pattern| is_match(pattern, name))
    })
}

/// Returns whether a host name matches a pattern. A leading `*.` matches any first label.
fn is_match(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix("*."), name.split_once('.')) {
        (Some(domain), Some((_, of_name))) => domain.eq_ignore_ascii_case(of_name),
        _ => pattern.eq_ignore_ascii_case(name),
    }
}

/// Returns the public key of an X.509 version 1 certificate in DER; `None` for other versions.
pub(super) fn public_key_of_v1(certificate: &[u8]) -> Option<Vec<u8>> {
    let certificate = Certificate::from_der(certificate).ok()?.tbs_certificate;
    let is_v1 = certificate.version == Version::V1;
    if is_v1 { certificate.subject_public_key_info.to_der().ok() } else { None }
}
