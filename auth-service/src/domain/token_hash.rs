//! The hash under which the database stores the token of a session or of a mailed link.

use aws_lc_rs::digest;

pub(crate) fn token_hash(token: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, token.as_bytes()).as_ref().to_vec()
}
