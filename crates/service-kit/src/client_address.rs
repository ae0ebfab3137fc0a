//! The client address: the peer, or the address that a trusted proxy reports in `X-Forwarded-For`.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

pub const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// A proxy, or a network of proxies (CIDR), whose `X-Forwarded-For` is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustedProxy(IpNet);

impl TrustedProxy {
    /// Returns whether the network contains all IPv4 or all IPv6 addresses.
    pub fn is_everybody(self) -> bool {
        self.0.prefix_len() == 0
    }

    fn contains(self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

impl FromStr for TrustedProxy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let network: Option<IpNet> = text.parse().ok();
        let network = network.or_else(|| Some(text.parse::<IpAddr>().ok()?.to_canonical().into()));
        network.map(Self).ok_or_else(|| {
            format!("`{text}` is not an address or a network such as 10.0.0.0/8 or fd00::/8")
        })
    }
}

/// Returns the address of the client that sent a request.
///
/// Each proxy appends the address of its peer, so the header is read from its end: the last address
/// that is not a trusted proxy is that of the client. Entries before it may be forged. If only
/// trusted proxies are found before an invalid entry or the start of the header, the proxy that was
/// read last counts as the client.
pub fn client_address(
    peer: Option<IpAddr>,
    headers: &HeaderMap,
    trusted: &[TrustedProxy],
) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|proxy| proxy.contains(address));
    let mut client = peer.unwrap_or(Ipv4Addr::UNSPECIFIED.into()).to_canonical();
    if !is_trusted(client) {
        return client;
    }
    let lines: Vec<_> = headers.get_all(X_FORWARDED_FOR).collect();
    let entries = lines.iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    for entry in entries {
        let Some(address) = str::from_utf8(entry).ok().and_then(|text| parse(text.trim())) else {
            break;
        };
        client = address;
        if !is_trusted(client) {
            break;
        }
    }
    client
}

/// Parses an address in the forms that proxies use; some append the port.
fn parse(text: &str) -> Option<IpAddr> {
    let bare =
        text.strip_prefix('[').and_then(|rest| Some(rest.split_once(']')?.0)).unwrap_or(text);
    let address = bare.parse().ok();
    let address = address.or_else(|| Some(text.parse::<std::net::SocketAddr>().ok()?.ip()))?;
    Some(address.to_canonical())
}

/// Returns the network that counts as one client: an IPv4 address itself, or the /64 of an IPv6
/// address, which usually belongs to one subscriber.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    const PEER: &str = "10.0.0.1";

    fn client(peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            let name = HeaderName::from_static(X_FORWARDED_FOR);
            headers.append(name, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::1".parse().unwrap()];
        client_address(Some(peer.parse().unwrap()), &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(client("192.0.2.9", &["192.0.2.1"]), "192.0.2.9");
        assert_eq!(client(PEER, &["192.0.2.1"]), "192.0.2.1");
        assert_eq!(client("::ffff:10.0.0.1", &["192.0.2.1"]), "192.0.2.1");
        assert_eq!(client("fd00::1", &["192.0.2.1"]), "192.0.2.1");
        assert_eq!(client("fd00::2", &["192.0.2.1"]), "fd00::2");
        assert_eq!(client(PEER, &[]), PEER);
    }

    #[test]
    fn the_last_address_that_is_no_proxy_counts() {
        assert_eq!(client(PEER, &["203.0.113.5, 192.0.2.1"]), "192.0.2.1");
        assert_eq!(client(PEER, &["203.0.113.5", "192.0.2.1,10.0.0.7 , 10.1.1.1"]), "192.0.2.1");
        assert_eq!(client(PEER, &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
        assert_eq!(client(PEER, &["192.0.2.1:4711"]), "192.0.2.1");
        assert_eq!(client(PEER, &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(client(PEER, &["192.0.2.1, nonsense, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client(PEER, &["192.0.2.1, "]), PEER);
    }

    #[test]
    fn a_household_is_one_client() {
        for (address, network) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ] {
            assert_eq!(network_of(address.parse().unwrap()).to_string(), network);
        }
    }
}
