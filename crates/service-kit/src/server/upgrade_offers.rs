//! Hides protocol upgrades (RFC 9110 §7.8) from actix-http. A server may ignore them, but
//! actix-http confirms each with `Connection: upgrade`, closes the connection, and treats the bytes
//! after a WebSocket upgrade as part of that request.
//!
//! The values of `Upgrade`, and `upgrade` in `Connection`, are overwritten in the received bytes,
//! which preserves their number and thus the framing of requests. Lines are inspected regardless of
//! where a message begins: the bodies that services accept (JSON, forms) cannot contain such a
//! line. Only the line after the size of a chunk is skipped, because a chunk may begin anywhere in
//! a body. That line is never a header field, because no line of a head consists only of
//! hexadecimal digits.

use memchr::memchr;

/// Filter that hides upgrade offers in the bytes received on one connection.
#[derive(Debug, Default)]
pub(super) struct UpgradeOffers(Line);

/// Position of the next byte in a line.
#[derive(Debug, Default)]
enum Line {
    #[default]
    Start,
    /// After this many bytes of a field name.
    Name(&'static Field, usize),
    /// In the value of `Upgrade`.
    Upgrade,
    /// In the value of `Connection`, after this many bytes of `upgrade`.
    Connection(usize),
    /// In the rest of a list element of `Connection`, which is left unchanged.
    OtherOption,
    /// After the first hexadecimal digits of a line.
    Digits,
    /// At the end of a line that is the size of a chunk: after its hexadecimal digits and the
    /// carriage return.
    ChunkSize,
    /// In a line that is left unchanged.
    Rest,
}

#[derive(Debug)]
struct Field {
    name: &'static [u8],
    value: fn() -> Line,
}

static UPGRADE: Field = Field { name: b"upgrade:", value: || Line::Upgrade };
static CONNECTION: Field = Field { name: b"connection:", value: || Line::Connection(0) };
const OPTION: &[u8] = b"upgrade";
/// Replacement for hidden bytes. No protocol has a name of dashes only, and there is no connection
/// option `upgrad-`.
const HIDDEN: u8 = b'-';

impl UpgradeOffers {
    /// Overwrites the upgrades in the next received bytes.
    pub(super) fn hide(&mut self, mut bytes: &mut [u8]) {
        loop {
            if matches!(self.0, Line::Rest) {
                let Some(end) = memchr(b'\n', bytes) else { return };
                bytes = bytes.get_mut(end..).unwrap_or_default();
            }
            let Some((byte, rest)) = bytes.split_first_mut() else { return };
            self.0 = self.next(byte);
            bytes = rest;
        }
    }

    fn next(&self, byte: &mut u8) -> Line {
        let lower = byte.to_ascii_lowercase();
        match &self.0 {
            // Skips the line feed as well, so that the data in the next line is left unchanged.
            Line::ChunkSize => Line::Rest,
            _ if lower == b'\n' => Line::Start,
            Line::Start => match lower {
                b'u' => Line::Name(&UPGRADE, 1),
                b'c' => Line::Name(&CONNECTION, 1),
                _ => after_digits(lower),
            },
            Line::Digits if lower == b'\r' => Line::ChunkSize,
            Line::Digits => after_digits(lower),
            Line::Name(field, read) if field.name.get(*read) == Some(&lower) => {
                if field.name.len() == read + 1 {
                    (field.value)()
                } else {
                    Line::Name(field, read + 1)
                }
            }
            // The `c` may be the first digit of a chunk size instead.
            Line::Name(field, 1) if field.name == CONNECTION.name => match lower {
                b'\r' => Line::ChunkSize,
                _ => after_digits(lower),
            },
            Line::Upgrade => {
                if byte.is_ascii_graphic() {
                    *byte = HIDDEN;
                }
                Line::Upgrade
            }
            Line::Connection(_) | Line::OtherOption if matches!(lower, b',' | b' ' | b'\t') => {
                Line::Connection(0)
            }
            Line::Connection(read) if OPTION.get(*read) == Some(&lower) => {
                if OPTION.len() == read + 1 {
                    *byte = HIDDEN;
                    Line::OtherOption
                } else {
                    Line::Connection(read + 1)
                }
            }
            Line::Connection(_) | Line::OtherOption => Line::OtherOption,
            Line::Name(..) | Line::Rest => Line::Rest,
        }
    }
}

/// Returns the position after a byte that may be a digit of a chunk's size.
fn after_digits(byte: u8) -> Line {
    if byte.is_ascii_hexdigit() { Line::Digits } else { Line::Rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a request that was received in parts of this size, after its offers were hidden.
    fn seen(request: &str, part: usize) -> String {
        let (mut bytes, mut offers) = (request.as_bytes().to_vec(), UpgradeOffers::default());
        bytes.chunks_mut(part).for_each(|part| offers.hide(part));
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn upgrades_are_hidden_regardless_of_how_they_are_split() {
        let request = "GET /upgrade:h2c HTTP/1.1\r\nConnection: keep-alive, Upgrade,HTTP2-Settings\r\n\
                       uPGRADE: h2c, websocket/13\r\nX: upgrade: h2c\r\nUpgrade-Insecure-Requests: 1\r\n\r\n\
                       POST / HTTP/1.1\nconnection:UPGRADE\nupgrade:\t TLS/1.0\n\n";
        let hidden = "GET /upgrade:h2c HTTP/1.1\r\nConnection: keep-alive, Upgrad-,HTTP2-Settings\r\n\
                      uPGRADE: ---- ------------\r\nX: upgrade: h2c\r\nUpgrade-Insecure-Requests: 1\r\n\r\n\
                      POST / HTTP/1.1\nconnection:UPGRAD-\nupgrade:\t -------\n\n";
        for part in 1..=request.len() {
            assert_eq!(seen(request, part), hidden, "in parts of {part}");
        }
    }

    #[test]
    fn everything_else_is_unchanged() {
        let request = "POST / HTTP/1.1\r\nConnection: close, keep-alive, x-upgrade\r\nUpgraded: x\r\n\
                       Content-Length: 40\r\n\r\n{\"title\":\"upgrade: h2c\",\r\n \"connection\":\"upgrade\"}\n";
        for part in 1..=request.len() {
            assert_eq!(seen(request, part), request, "in parts of {part}");
        }
    }

    #[test]
    fn a_chunk_may_begin_like_an_upgrade() {
        for size in ["18", "c", "C", "1c", "c0", "00000018"] {
            let request = format!(
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
                 c\r\n{{\"title\":\"an\r\n{size}\r\nupgrade: to the new one\"}}\r\n0\r\n\r\n"
            );
            let offer = "GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n";
            let hidden = "GET / HTTP/1.1\r\nUpgrade: ---\r\nConnection: Upgrad-\r\n\r\n";
            let (sent, expected) = (format!("{request}{offer}"), format!("{request}{hidden}"));
            for part in 1..=sent.len() {
                assert_eq!(seen(&sent, part), expected, "{size} in parts of {part}");
            }
        }
    }

    #[test]
    fn digits_elsewhere_do_not_reveal_an_upgrade() {
        for before in ["{}\n18", "18", "c", "{}\r\n18\r\n", "18\r", "18;"] {
            let offer = "GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n";
            let seen = seen(&format!("\r\n{before}{offer}"), 1);
            assert!(seen.ends_with("\r\nUpgrade: ---\r\n\r\n"), "{before:?}: {seen}");
        }
    }
}
