//! Hides protocol upgrades (RFC 9110 §7.8) from actix-http. A server may ignore them, but
//! actix-http confirms each with `Connection: upgrade`, closes the connection, and treats the bytes
//! after a WebSocket upgrade as part of that request.
//!
//! The values of `Upgrade`, and `upgrade` in `Connection`, are overwritten in the received bytes,
//! which preserves their number and thus the framing of requests. Lines are inspected regardless of
//! where a message begins: the bodies that services accept (JSON, forms) cannot contain such a
//! line.

use memchr::memchr;

/// Hides the upgrades in the bytes of one client.
#[derive(Debug, Default)]
pub(super) struct UpgradeOffers(Line);

/// Position of the next byte within a line.
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
    /// In a list element of `Connection` that is another option.
    OtherOption,
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
/// Not part of any protocol name or connection option.
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
            _ if lower == b'\n' => Line::Start,
            Line::Start => match lower {
                b'u' => Line::Name(&UPGRADE, 1),
                b'c' => Line::Name(&CONNECTION, 1),
                _ => Line::Rest,
            },
            Line::Name(field, read) if field.name.get(*read) == Some(&lower) => {
                if field.name.len() == read + 1 {
                    (field.value)()
                } else {
                    Line::Name(field, read + 1)
                }
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a request after hiding, received in parts of this size.
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
}
