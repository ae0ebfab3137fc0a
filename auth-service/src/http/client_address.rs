//! The client address and user agent, as displayed with a session and in the audit log.

use std::net::IpAddr;

use actix_web::http::header::{HeaderMap, USER_AGENT};
use service_kit::client_address::{X_FORWARDED_FOR, network_of};

use crate::domain::sessions::USER_AGENT_MAX_CHARS;

/// Returns the address in `X-Forwarded-For` if the header contains exactly one. The address may be
/// forged, so it must only be displayed.
pub(crate) fn claimed(headers: &HeaderMap) -> Option<IpAddr> {
    let mut values = headers.get_all(X_FORWARDED_FOR);
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok()?.trim().parse().ok(),
        _ => None,
    }
}

/// Returns the user agent of a request, truncated if it is too long.
pub(crate) fn user_agent(headers: &HeaderMap) -> Option<String> {
    let value = String::from_utf8_lossy(headers.get(USER_AGENT)?.as_bytes());
    Some(value.chars().take(USER_AGENT_MAX_CHARS).collect())
}

/// Formats an address for display: IPv4, including IPv4-mapped IPv6, in dotted notation; other IPv6
/// expanded and masked to its /64 network, which the devices of a household usually share.
pub(crate) fn shown(address: IpAddr) -> String {
    match network_of(address) {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(network) => network.segments().map(|segment| format!("{segment:04x}")).join(":"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_one_normal_form() {
        for (sent, normal) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002:0000:0000:0000:0000"),
        ] {
            assert_eq!(shown(sent.parse().unwrap()), normal);
        }
    }
}
