//! HTTP requests that read, create and change test data.

use crate::Result;

pub(super) fn get(url: &str, bearer: &str) -> Result<String> {
    let request = ureq::get(url).header("authorization", format!("Bearer {bearer}"));
    Ok(request.call()?.body_mut().read_to_string()?)
}

pub(super) fn post(url: &str, bearer: Option<&str>, body: &str) -> Result<String> {
    let mut request = ureq::post(url).header("content-type", "application/json");
    if let Some(bearer) = bearer {
        request = request.header("authorization", format!("Bearer {bearer}"));
    }
    Ok(request.send(body)?.body_mut().read_to_string()?)
}

/// Returns the value of the first string field called `name` in a JSON response, or an error if the
/// response has no such field.
pub(super) fn member(name: &str, json: &str) -> Result<String> {
    let after = json.split_once(&format!("\"{name}\":\"")).map(|(_, after)| after);
    let value = after.and_then(|after| Some(after.split_once('"')?.0));
    Ok(value.ok_or_else(|| format!("the response has no {name:?}"))?.to_owned())
}
