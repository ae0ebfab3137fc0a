//! The addresses on which a service listens.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs as _},
    str::FromStr,
};

use telemetry::metrics::MetricsArgs;

/// An IP address to listen on, or a host name that resolves to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    Address(IpAddr),
    Name(String),
}

/// Reasons why the service cannot listen on an address.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error(
        "HOST {0:?} is not a name of this machine ({1}); conda and some shells export a HOST of \
         their own: unset it, or set HOST=127.0.0.1 or HOST=0.0.0.0"
    )]
    Name(String, io::Error),
    #[error("HOST {0} is not an address of this machine: set HOST=127.0.0.1 or HOST=0.0.0.0")]
    Foreign(IpAddr),
    #[error("{variable}: {address} is in use by another process: stop it, or set another port")]
    InUse { variable: &'static str, address: SocketAddr },
    #[error("{variable}: no permission to listen on {address}: use port 1024 or higher")]
    Forbidden { variable: &'static str, address: SocketAddr },
    #[error("cannot listen on {0}: {1}")]
    Other(SocketAddr, io::Error),
}

impl Host {
    /// Returns the IP address. If the host name has several, prefers IPv4.
    pub fn resolve(&self) -> Result<IpAddr, ListenError> {
        let name = match self {
            Self::Address(address) => return Ok(*address),
            Self::Name(name) => name,
        };
        let failed = |error| ListenError::Name(name.clone(), error);
        let found = (name.as_str(), 0).to_socket_addrs().map_err(failed)?.map(|found| found.ip());
        let first = found.min_by_key(IpAddr::is_ipv6);
        first.ok_or_else(|| failed(io::Error::other("the name resolves to no address")))
    }

    /// Returns the address at which a local process can reach the listener.
    pub fn from_beside(&self) -> Result<IpAddr, ListenError> {
        Ok(match self.resolve()? {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
            address => address,
        })
    }

    /// Listens on `port`, the value of the setting PORT.
    pub fn listen(&self, port: u16) -> Result<TcpListener, ListenError> {
        let address = SocketAddr::new(self.resolve()?, port);
        match listen("PORT", address) {
            Err(ListenError::Other(_, error))
                if error.kind() == io::ErrorKind::AddrNotAvailable =>
            {
                Err(match self {
                    Self::Address(address) => ListenError::Foreign(*address),
                    Self::Name(name) => ListenError::Name(name.clone(), error),
                })
            }
            outcome => outcome,
        }
    }
}

/// Listens on the address of the Prometheus endpoint, if one is configured.
pub(crate) fn listen_for_metrics(args: &MetricsArgs) -> Result<Option<TcpListener>, ListenError> {
    args.metrics_address.map(|address| listen("METRICS_ADDRESS", address)).transpose()
}

/// Listens on the address that the setting `variable` configures.
fn listen(variable: &'static str, address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => ListenError::InUse { variable, address },
        io::ErrorKind::PermissionDenied => ListenError::Forbidden { variable, address },
        _ => ListenError::Other(address, error),
    })
}

impl From<[u8; 4]> for Host {
    fn from(address: [u8; 4]) -> Self {
        Self::Address(address.into())
    }
}

impl FromStr for Host {
    type Err = &'static str;

    /// Parses an address or a name. A name is resolved only when the host is used.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse() {
            return Ok(Self::Address(address));
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !text.is_empty() && text.chars().all(is_name) {
            return Ok(Self::Name(text.to_owned()));
        }
        Err("expected an address such as 127.0.0.1 or 0.0.0.0, or a host name such as localhost; \
             the port is set by PORT")
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_hosts() {
        for (text, address) in
            [("localhost", "127.0.0.1"), ("::1", "::1"), ("[::1]", "::1"), ("0.0.0.0", "0.0.0.0")]
        {
            let host: Host = text.parse().unwrap();
            assert_eq!(host.resolve().unwrap(), address.parse::<IpAddr>().unwrap(), "{text}");
        }
        for text in ["http://localhost", "localhost:3000", "", "a b"] {
            assert!(text.parse::<Host>().is_err(), "{text}");
        }
    }

    #[test]
    fn explains_an_address_of_another_machine() {
        let host: Host = "x86_64-conda-linux-gnu".parse().unwrap();
        let refused = host.listen(0).unwrap_err().to_string();
        assert!(refused.contains("HOST \"x86_64-conda-linux-gnu\""), "{refused}");
        assert!(refused.contains("conda"), "{refused}");
        let refused = Host::from([192, 0, 2, 1]).listen(0).unwrap_err().to_string();
        assert!(refused.contains("HOST 192.0.2.1 is not an address of this machine"), "{refused}");
    }

    #[test]
    fn a_port_in_use_names_its_variable() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let _taken = TcpListener::bind(taken).unwrap();
        let refused = Host::from([127, 0, 0, 1]).listen(taken.port()).unwrap_err().to_string();
        assert_eq!(
            refused,
            format!("PORT: {taken} is in use by another process: stop it, or set another port")
        );
    }
}
