//! Entity tags in conditional requests (RFC 9110 §13.1), including those that proxies have
//! modified.
//!
//! A proxy that compresses a response makes its tag weak (`W/"1"`, as nginx does) or appends the
//! coding (`"1-gzip"`, `"1;gzip"`, `"1--gzip"`). Tags here identify the state of a resource rather
//! than the bytes of a response, so all of these identify the same state.

use actix_web::{
    HttpMessage,
    http::header::{EntityTag, Header as _, IF_MATCH, IF_NONE_MATCH, IfMatch, IfNoneMatch},
};

/// Codings that proxies append to a tag, each after one of [`SEPARATORS`].
const CODINGS: [&str; 4] = ["gzip", "br", "zstd", "deflate"];
const SEPARATORS: [&str; 3] = ["--", "-", ";"];

/// Entity tags of a conditional request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntityTags {
    /// `*`
    Any,
    /// The well-formed tags.
    Only(Vec<EntityTag>),
}

impl EntityTags {
    /// Returns the tags of `If-Match`, if the request has this header.
    pub fn of_if_match(req: &impl HttpMessage) -> Option<Self> {
        req.headers().contains_key(IF_MATCH).then(|| match IfMatch::parse(req) {
            Ok(IfMatch::Any) => Self::Any,
            Ok(IfMatch::Items(tags)) => Self::Only(tags),
            Err(_) => Self::Only(Vec::new()),
        })
    }

    /// Returns whether `If-None-Match` matches this tag (given without quotes), which means that
    /// the client's copy is current.
    pub fn is_known(req: &impl HttpMessage, tag: &str) -> bool {
        req.headers().contains_key(IF_NONE_MATCH)
            && match IfNoneMatch::parse(req) {
                Ok(IfNoneMatch::Any) => true,
                Ok(IfNoneMatch::Items(sent)) => Self::Only(sent).texts().any(|sent| sent == tag),
                Err(_) => false,
            }
    }

    /// Returns each tag unchanged and, if it ends with a coding, also without the coding.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let tags = if let Self::Only(tags) = self { tags.as_slice() } else { &[] };
        tags.iter().flat_map(|tag| [Some(tag.tag()), without_coding(tag.tag())]).flatten()
    }
}

fn without_coding(tag: &str) -> Option<&str> {
    let before = CODINGS.iter().find_map(|coding| tag.strip_suffix(coding))?;
    SEPARATORS.iter().find_map(|separator| before.strip_suffix(separator))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_tag_is_recognized_after_a_proxy_changed_it() {
        let is_known = |sent: &str| {
            let req = TestRequest::default().insert_header((IF_NONE_MATCH, sent)).to_http_request();
            EntityTags::is_known(&req, "1")
        };
        for sent in [
            "*",
            "\"1\"",
            "W/\"1\"",
            "\"1-gzip\"",
            "W/\"1;gzip\"",
            "\"1--gzip\"",
            "\"1-br\"",
            "\"0\", \"1\"",
            "\"x\" , W/\"1-zstd\"",
        ] {
            assert!(is_known(sent), "{sent}");
        }
        for sent in [
            "",
            "1",
            "\"2\"",
            "W/W/\"1\"",
            "w/\"1\"",
            "\"1",
            "\"1gzip\"",
            "\"1-gzip-gzip\"",
            "\"-gzip\"",
            "\"gzip\"",
            "\"1-\"",
        ] {
            assert!(!is_known(sent), "{sent}");
        }
    }
}
