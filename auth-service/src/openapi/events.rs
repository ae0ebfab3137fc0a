//! The operation that delivers security events.

use utoipa::openapi::{Array, ObjectBuilder, Type, schema::AdditionalProperties};

use super::{
    operation::Operation,
    schemas::{Member, boolean, named, optional, output, required, string},
};
use crate::{http::error::Error, routes::SECURITY_EVENTS};

const ABOUT: &str = "\
Returns security event tokens (RFC 8417) after a cursor, oldest first. If there are none, the request waits up to 20 seconds for \
one. Follows RFC 8936, except that the receiver stores its position: `ack` is ignored, and without `cursor` all stored events \
are returned. Events may be received more than once.";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::post(SECURITY_EVENTS, "pollSecurityEvents", "Receive security events")
            .about(ABOUT)
            .takes_object("PollSecurityEvents", members())
            .or_no_body()
            .for_receivers()
            .may_fail()
            .gives("Events after the cursor", named("SecurityEvents"))
            .with(200, &["Cache-Control"])
            .refuses([Error::NoReceiver, Error::EventsNotOffered]),
    ]
}

fn members() -> [Member; 7] {
    let count = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0))
        .maximum(Some(u32::MAX))
        .description(Some("Maximum number of events; at most 500 are returned. Default: 100"));
    let immediately = boolean().description(Some("Do not wait for events"));
    let cursor = string().description(Some("The `cursor` of the last response"));
    let valid = boolean()
        .description(Some("Leave out events that only concern tokens that have expired by now"));
    let uri = string().description(Some("Event type to return; default: all types"));
    let ignored = string().description(Some("Ignored"));
    let any = || ObjectBuilder::new().schema_type(Type::Object);
    [
        optional("maxEvents", count),
        optional("returnImmediately", immediately),
        optional("cursor", cursor),
        optional("eventTypes", Array::new(uri)),
        optional("validTokensOnly", valid),
        optional("ack", Array::new(ignored)),
        optional("setErrs", any().description(Some("Errors to log, by `jti`"))),
    ]
}

/// Returns the schema of the response to a poll.
pub(super) fn page() -> ObjectBuilder {
    let token = string().description(Some("A JWT with the header `typ: secevent+jwt`"));
    let sets = ObjectBuilder::new()
        .additional_properties(Some(AdditionalProperties::from(token)))
        .description(Some("Tokens by `jti`, in the order of the events"));
    let more = boolean().description(Some("Whether more events are available immediately"));
    let cursor = string().description(Some("Cursor for the next request"));
    output([required("sets", sets), required("moreAvailable", more), required("cursor", cursor)])
}
