//! Free ports to listen on, for servers that come and go.

use std::{
    hash::{BuildHasher as _, RandomState},
    io,
    net::{Ipv4Addr, TcpListener},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// Below the range that systems take for outgoing connections: one of those could otherwise sit
/// on the port of a server that is just being restarted.
const FIRST: u16 = 15_000;
const COUNT: u16 = 15_000;

/// A port of the loopback interface that nobody listens on and that this process gave to nobody.
pub fn free() -> io::Result<u16> {
    static NEXT: LazyLock<AtomicU64> =
        LazyLock::new(|| AtomicU64::new(RandomState::new().hash_one(())));
    (0..COUNT)
        .filter_map(|_| u16::try_from(NEXT.fetch_add(1, Ordering::Relaxed) % u64::from(COUNT)).ok())
        .map(|offset| FIRST + offset)
        .find(|port| is_free(*port))
        .ok_or_else(|| io::Error::other("every port is taken"))
}

pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
