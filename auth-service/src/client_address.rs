//! The address a session is shown with.

use std::net::{IpAddr, Ipv6Addr};

use actix_web::http::header::HeaderMap;

/// What `X-Forwarded-For` says when it holds one address, else nothing. It is only shown to the
/// user; nothing is decided by it.
pub(crate) fn of(headers: &HeaderMap) -> String {
    let mut values = headers.get_all("x-forwarded-for");
    let (first, second) = (values.next(), values.next());
    match (first.and_then(|value| value.to_str().ok()), second) {
        (Some(text), None) => text.trim().parse().map(normal_form).unwrap_or_default(),
        _ => String::new(),
    }
}

/// IPv4 as it is; IPv6 expanded and masked to its /64, which is what one household has.
fn normal_form(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = Ipv6Addr::from_bits(address.to_bits() >> 64 << 64);
            network.segments().map(|segment| format!("{segment:04x}")).join(":")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_one_normal_form() {
        for (sent, shown) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002:0000:0000:0000:0000"),
        ] {
            assert_eq!(normal_form(sent.parse().unwrap()), shown);
        }
    }
}
