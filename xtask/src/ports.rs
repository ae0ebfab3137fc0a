//! Free ports for servers that are restarted.

use std::{
    hash::{BuildHasher as _, RandomState},
    io,
    net::{Ipv4Addr, TcpListener},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// The lowest of the ports. All of them are below the ephemeral port range: otherwise, an outgoing
/// connection could take the port of a server that is being restarted.
const FIRST: u16 = 15_000;
const COUNT: u16 = 15_000;

/// Returns a free loopback port. This process returns the same port again only after all others.
pub fn free() -> io::Result<u16> {
    static NEXT: LazyLock<AtomicU64> =
        LazyLock::new(|| AtomicU64::new(RandomState::new().hash_one(())));
    (0..COUNT)
        .filter_map(|_| u16::try_from(NEXT.fetch_add(1, Ordering::Relaxed) % u64::from(COUNT)).ok())
        .map(|offset| FIRST + offset)
        .find(|port| is_free(*port))
        .ok_or_else(|| io::Error::other("no free port"))
}

pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
