//! The hash under which the database stores session tokens, the tokens of links in e-mails, and the
//! ids of used client assertions.

use aws_lc_rs::digest;

pub(crate) fn token_hash(token: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, token.as_bytes()).as_ref().to_vec()
}
