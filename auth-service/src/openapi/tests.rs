//! The description covers the routing table and the table of rejections.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use actix_web::http::Method;
use serde_json::{Value, json};
use service_kit::endpoint::Endpoint;

use super::describe;
use crate::{
    http::error::{Error, Rejection},
    routes::{BASE_PATH, BELOW_BASE_PATH, ELSEWHERE},
};

/// The codes that have several statuses.
const AMBIGUOUS_CODES: [&str; 1] = ["INVALID_TOKEN"];
/// The rejections whose messages depend on the request.
const WITH_OWN_MESSAGE: [Rejection; 5] = [
    Rejection::Validation,
    Rejection::RedirectNotAString,
    Rejection::ProviderNotSupported,
    Rejection::InvalidRequest,
    Rejection::UnsupportedMediaType,
];

fn description() -> Value {
    serde_json::to_value(describe()).unwrap()
}

#[test]
fn every_endpoint_is_described() {
    let description = description();
    let below_base_path = BELOW_BASE_PATH.iter().map(|endpoint| (BASE_PATH, endpoint));
    for (base, Endpoint(methods, path, _)) in
        below_base_path.chain(ELSEWHERE.iter().map(|endpoint| ("", endpoint)))
    {
        let path = format!("{base}{path}");
        for method in methods.iter().filter(|method| *method != Method::HEAD) {
            let operation = &description["paths"][&path][method.as_str().to_lowercase()];
            assert!(operation.is_object(), "{method} {path} is missing in openapi.rs");
        }
    }
}

#[test]
fn every_rejection_is_an_example_of_an_operation() {
    let examples = examples(&description());
    let fixed: BTreeSet<_> = Rejection::ALL.iter().map(|rejection| rejection.message()).collect();
    for rejection in Rejection::ALL {
        let error = Error::from(*rejection);
        let (status, body) = error.answer();
        let body = serde_json::to_value(&body).unwrap();
        let is_shown = examples.iter().any(|(shown_status, shown)| {
            let message = shown["message"].as_str().unwrap();
            let fits = if WITH_OWN_MESSAGE.contains(rejection) {
                shown["code"] == body["code"] && !fixed.contains(message)
            } else {
                *shown == body
            };
            fits && *shown_status == status.as_str()
        });
        assert!(is_shown, "no operation describes {rejection:?}");
    }
}

#[test]
fn a_code_has_one_status() {
    let mut statuses = BTreeMap::new();
    for rejection in Rejection::ALL {
        let (Some(code), error) = (rejection.code(), Error::from(*rejection)) else { continue };
        let (status, _) = error.answer();
        let known = *statuses.entry(code).or_insert(status);
        assert!(known == status || AMBIGUOUS_CODES.contains(&code), "{code}: {known}, {status}");
    }
}

#[test]
fn every_rejection_is_returned() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let source = source(&folder.join("http")) + &source(&folder.join("routes"));
    for rejection in Rejection::ALL {
        let name = format!("Rejection::{rejection:?}");
        let mut uses = source.split(&name).skip(1);
        let is_returned = uses.any(|rest| !rest.starts_with(char::is_alphanumeric));
        assert!(is_returned, "nothing returns {rejection:?}");
    }
}

/// Returns the examples of the error responses of all operations, with their statuses.
fn examples(description: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for item in description["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let response = match response["$ref"].as_str() {
                    Some(shared) => description.pointer(shared.trim_start_matches('#')).unwrap(),
                    None => response,
                };
                let examples = response["content"]["application/json"]["examples"].as_object();
                let values = examples.into_iter().flat_map(|examples| examples.values());
                found.extend(values.map(|example| (status.clone(), example["value"].clone())));
            }
        }
    }
    assert!(found.contains(&("400".to_owned(), json!({ "message": "No fields to update" }))));
    found
}

/// Returns the source of all modules in a folder.
fn source(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let sources = entries
        .map(|path| if path.is_dir() { source(&path) } else { fs::read_to_string(path).unwrap() });
    sources.collect()
}
