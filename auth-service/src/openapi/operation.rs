//! Builder for an operation: its request, its responses and its errors.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use actix_web::http::StatusCode;
use utoipa::openapi::{
    Content, ObjectBuilder, OpenApi, Ref, RefOr, Required, Response, Schema,
    example::ExampleBuilder,
    path::{self, HttpMethod, ParameterBuilder, ParameterIn},
    request_body::RequestBody,
    schema::SchemaType,
    security::SecurityRequirement,
};

use super::{
    headers::{REQUEST_ID, SET_COOKIE, add_headers, of_status},
    schemas::{Member, boolean, input, named, optional},
};
use crate::{
    http::{
        error::Error,
        input::{FORM, FORM_OR_JSON, JSON},
        origin::{CALLBACK, REDIRECTS},
        session_cookies::SET_AUTH_TOKEN,
    },
    routes::BASE_PATH,
};

pub(super) const COOKIE: &str = "sessionCookie";
pub(super) const BEARER: &str = "sessionToken";
pub(super) const RECEIVER: &str = "receiverSecret";
pub(super) const CLIENT: &str = "clientSecret";
pub(super) const RECEIVER_BASIC: &str = "receiverPassword";

/// An operation under construction.
pub(super) struct Operation {
    method: HttpMethod,
    path: &'static str,
    described: path::Operation,
    /// Name and schema of the request body.
    schema: Option<(&'static str, Schema)>,
    reads_session: bool,
    refusals: Vec<Error>,
    /// Errors that are not specific to this operation, such as those of rate limits, the database
    /// and the body.
    common_refusals: Vec<Error>,
}

impl Operation {
    pub(super) fn get(path: &'static str, id: &str, summary: &str) -> Self {
        Self::new(HttpMethod::Get, path, id, summary)
    }

    pub(super) fn post(path: &'static str, id: &str, summary: &str) -> Self {
        Self::new(HttpMethod::Post, path, id, summary)
    }

    fn new(method: HttpMethod, path: &'static str, id: &str, summary: &str) -> Self {
        let mut described = path::Operation::new();
        described.operation_id = Some(id.to_owned());
        described.summary = Some(summary.to_owned());
        described.security = Some(Vec::new());
        let operation = Self {
            method,
            path,
            described,
            schema: None,
            reads_session: false,
            refusals: Vec::new(),
            common_refusals: Vec::new(),
        };
        if path.starts_with(BASE_PATH) { operation.limited().may_fail() } else { operation }
    }

    fn limited(mut self) -> Self {
        self.common_refusals.push(Error::TooManyRequests { wait: Duration::from_secs(10) });
        self
    }

    /// Adds the errors of operations that use the database. All operations under the base path may
    /// use it, because requests to them are counted for rate limits.
    pub(super) fn may_fail(mut self) -> Self {
        self.common_refusals.extend([Error::NoState, Error::TooManyPasswords]);
        self
    }

    pub(super) fn about(mut self, description: &str) -> Self {
        self.described.description = Some(description.to_owned());
        self
    }

    /// Takes a JSON object with a named schema.
    pub(super) fn takes<const N: usize>(self, name: &'static str, members: [Member; N]) -> Self {
        let mut body = RequestBody::new();
        body.required = Some(Required::True);
        body.content.insert(JSON.to_owned(), content(named(name)));
        self.takes_body(body, JSON).refuses([invalid(&members)]).schema(name, input(members))
    }

    /// Takes a JSON object. The endpoint does not check `Origin`, so the errors of that check are
    /// omitted.
    pub(super) fn takes_object<const N: usize>(
        mut self,
        name: &'static str,
        members: [Member; N],
    ) -> Self {
        let mut body = RequestBody::new();
        body.content.insert(JSON.to_owned(), content(named(name)));
        self.described.request_body = Some(RefOr::T(body));
        self.refusals.push(Error::Validation("[body] expected object".to_owned()));
        self.common_refusals.extend([
            Error::InvalidJson,
            Error::BodyTimedOut,
            Error::BodyTooLarge,
            Error::EncodedBody,
            Error::UnsupportedMediaType { sent: "text/plain".to_owned(), allowed: JSON },
        ]);
        self.schema(name, input(members))
    }

    /// Takes a form. The endpoint does not check `Origin`, so the errors of that check are omitted.
    pub(super) fn takes_only_form<const N: usize>(
        mut self,
        name: &'static str,
        members: [Member; N],
    ) -> Self {
        let mut body = RequestBody::new();
        body.required = Some(Required::True);
        body.content.insert(FORM.to_owned(), content(named(name)));
        self.described.request_body = Some(RefOr::T(body));
        self.refusals.extend([
            Error::BodyTimedOut,
            Error::UnsupportedMediaType { sent: "text/plain".to_owned(), allowed: FORM },
        ]);
        self.common_refusals.extend([Error::BodyTooLarge, Error::EncodedBody]);
        self.schema(name, input(members))
    }

    /// Requires the secret of a receiver of security events instead of a session.
    pub(super) fn for_receivers(mut self) -> Self {
        self.described.security = Some([RECEIVER, RECEIVER_BASIC].map(requirement).into());
        self
    }

    /// Requires the credentials of a client, in the header or in the form.
    pub(super) fn for_clients(mut self) -> Self {
        self.described.security = Some(vec![SecurityRequirement::default(), requirement(CLIENT)]);
        self
    }

    /// Accepts the secret of a receiver, and requests without credentials.
    pub(super) fn for_receivers_and_bearers(mut self) -> Self {
        let nobody = SecurityRequirement::default();
        self = self.for_receivers();
        self.described.security.get_or_insert_default().insert(0, nobody);
        self
    }

    /// Takes a JSON object or a form. All values of a form are strings, so a form has no
    /// `rememberMe`.
    pub(super) fn signs_in<const N: usize>(self, name: &'static str, members: [Member; N]) -> Self {
        let remember_me = boolean()
            .description(Some("`false` makes a session cookie that ends with the browser session"));
        let mut body = RequestBody::new();
        body.required = Some(Required::True);
        body.content.insert(JSON.to_owned(), content(named(name)));
        body.content.insert(FORM.to_owned(), content(input(members.clone())));
        self.takes_body(body, FORM_OR_JSON)
            .refuses([invalid(&members), Error::CrossSiteNavigationLogin])
            .schema(name, input(members.into_iter().chain([optional("rememberMe", remember_me)])))
    }

    /// Takes a JSON object or a form with the same fields.
    pub(super) fn takes_form<const N: usize>(
        self,
        name: &'static str,
        members: [Member; N],
    ) -> Self {
        let mut body = RequestBody::new();
        body.required = Some(Required::True);
        body.content.insert(JSON.to_owned(), content(named(name)));
        body.content.insert(FORM.to_owned(), content(named(name)));
        self.takes_body(body, FORM_OR_JSON)
            .refuses([invalid(&members)])
            .schema(name, input(members))
    }

    /// Takes any JSON value or no body.
    pub(super) fn takes_anything(self) -> Self {
        let any = ObjectBuilder::new().schema_type(SchemaType::AnyValue);
        let mut body = RequestBody::new();
        body.content.insert(JSON.to_owned(), content(any));
        self.takes_body(body, JSON)
    }

    /// Adds a body, and the errors of invalid bodies, origins and redirect targets.
    fn takes_body(mut self, body: RequestBody, allowed: &'static str) -> Self {
        self.described.request_body = Some(RefOr::T(body));
        self.common_refusals.extend([
            Error::InvalidJson,
            Error::BodyTimedOut,
            Error::BodyTooLarge,
            Error::EncodedBody,
            Error::MissingOrNullOrigin,
            Error::InvalidOrigin,
            Error::RedirectNotAString(&CALLBACK),
        ]);
        self.common_refusals.extend(REDIRECTS.map(Error::InvalidRedirect));
        let is_common = allowed == JSON;
        let refusals = if is_common { &mut self.common_refusals } else { &mut self.refusals };
        refusals.push(Error::UnsupportedMediaType { sent: "text/plain".to_owned(), allowed });
        self
    }

    pub(super) fn or_no_body(mut self) -> Self {
        if let Some(RefOr::T(body)) = &mut self.described.request_body {
            body.required = None;
        }
        self
    }

    /// Sets the schema of the body, and replaces the one that `takes` derived from a list of fields.
    /// An endpoint calls this for rules that such a list cannot express, such as "at least one of
    /// these".
    pub(super) fn schema(mut self, name: &'static str, schema: impl Into<Schema>) -> Self {
        self.schema = Some((name, schema.into()));
        self
    }

    pub(super) fn query(self, member: Member) -> Self {
        self.parameter(ParameterIn::Query, member)
    }

    pub(super) fn parameter(mut self, place: ParameterIn, member: Member) -> Self {
        let required = if member.is_required { Required::True } else { Required::False };
        let parameter = ParameterBuilder::new()
            .name(member.name)
            .parameter_in(place)
            .required(required)
            .schema(Some(member.schema))
            .build();
        self.described.parameters.get_or_insert_default().push(RefOr::T(parameter));
        self
    }

    /// Adds a 200 response with a JSON body.
    pub(super) fn gives(self, description: &str, schema: impl Into<RefOr<Schema>>) -> Self {
        let mut response = Response::new(description);
        response.content.insert(JSON.to_owned(), content(schema));
        self.answers(200, response)
    }

    /// Adds a redirect: a 302 response with a `Location` header and no body.
    pub(super) fn leads_on(self, description: &str) -> Self {
        self.answers(302, Response::new(description)).with(302, &["Location"])
    }

    pub(super) fn answers(mut self, status: u16, response: Response) -> Self {
        self.described.responses.responses.insert(status.to_string(), response.into());
        self
    }

    /// Adds headers to a response that was added before.
    pub(super) fn with(mut self, status: u16, headers: &[&str]) -> Self {
        if let Some(RefOr::T(response)) =
            self.described.responses.responses.get_mut(&status.to_string())
        {
            add_headers(response, headers);
        }
        self
    }

    pub(super) fn in_session(self) -> Self {
        self.secured([COOKIE, BEARER].map(requirement).into()).refuses([Error::Unauthorized])
    }

    pub(super) fn maybe_in_session(self) -> Self {
        let nobody = SecurityRequirement::default();
        self.secured(vec![nobody, requirement(COOKIE), requirement(BEARER)])
    }

    /// Sets the security requirements of an operation that reads the session.
    pub(super) fn secured(mut self, security: Vec<SecurityRequirement>) -> Self {
        self.described.security = Some(security);
        self.reads_session = true;
        self
    }

    pub(super) fn refuses(mut self, errors: impl IntoIterator<Item = Error>) -> Self {
        self.refusals.extend(errors);
        self
    }

    /// Adds the operation to the document, and its error codes to `codes`.
    pub(super) fn add_to(
        mut self,
        openapi: &mut OpenApi,
        tag: &str,
        codes: &mut BTreeSet<&'static str>,
    ) {
        self.described.tags = Some(vec![tag.to_owned()]);
        let components = openapi.components.get_or_insert_default();
        if let Some((name, schema)) = self.schema {
            components.schemas.insert(name.to_owned(), schema.into());
        }
        let own: BTreeSet<_> = self.refusals.iter().map(|error| error.answer().0).collect();
        let mut by_status = BTreeMap::<StatusCode, Vec<Error>>::new();
        for error in self.refusals.into_iter().chain(self.common_refusals) {
            let (status, body) = error.answer();
            codes.extend(body.code);
            by_status.entry(status).or_default().push(error);
        }
        let responses = &mut self.described.responses.responses;
        for (status, errors) in by_status {
            let response = refusal(status, &errors);
            // A response without errors specific to this operation is a shared component.
            let response = if own.contains(&status) {
                response.into()
            } else {
                let name = response.description.replace(' ', "");
                components.responses.insert(name.clone(), response.into());
                Ref::from_response_name(name).into()
            };
            responses.insert(status.as_str().to_owned(), response);
        }
        for response in responses.values_mut() {
            if let RefOr::T(response) = response {
                add_headers(response, &[REQUEST_ID]);
                if self.reads_session {
                    add_headers(response, &[SET_COOKIE, SET_AUTH_TOKEN]);
                }
            }
        }
        openapi.paths.add_path_operation(self.path, vec![self.method], self.described);
    }
}

pub(super) fn requirement(scheme: &str) -> SecurityRequirement {
    SecurityRequirement::new(scheme, [""; 0])
}

pub(super) fn content(schema: impl Into<RefOr<Schema>>) -> RefOr<Content> {
    RefOr::T(Content::new(Some(schema)))
}

/// Returns an example of the error for a body whose first field is invalid.
fn invalid(members: &[Member]) -> Error {
    let (name, received) = members.first().map_or(("", ""), |member| {
        (member.name, if member.is_required { "undefined" } else { "number" })
    });
    Error::Validation(format!("[body.{name}] Invalid input: expected string, received {received}"))
}

/// Returns the response for one status, with an example of each error.
fn refusal(status: StatusCode, errors: &[Error]) -> Response {
    let mut content = Content::new(Some(named("Error")));
    for error in errors {
        let (_, body) = error.answer();
        let code = body.code.unwrap_or("no code");
        let others = content.examples.keys().filter(|name| name.starts_with(code)).count();
        let name = if others == 0 { code.to_owned() } else { format!("{code} {}", others + 1) };
        let example = ExampleBuilder::new().value(serde_json::to_value(&body).ok()).build();
        content.examples.insert(name, example.into());
    }
    let mut response = Response::new(status.canonical_reason().unwrap_or_default());
    response.content.insert(JSON.to_owned(), content.into());
    add_headers(&mut response, &[REQUEST_ID]);
    add_headers(&mut response, of_status(status));
    response
}
