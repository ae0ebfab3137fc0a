//! Checks CORS with a preflight request like that of a browser.

use service_kit::origins::WebOrigin;

use super::{Caller, Finding};

/// Checks that `who`, at `url`, allows requests from pages of these origins. `setting` is the name
/// of the setting in which `who` lists its allowed origins.
pub async fn cors(
    caller: &Caller,
    who: &str,
    url: &str,
    origins: &[WebOrigin],
    setting: &'static str,
) -> Finding {
    let mut refused = Vec::new();
    for origin in origins {
        match caller.allows(origin, url).await {
            Ok(true) => {}
            Ok(false) => refused.push(origin.as_str()),
            Err(reason) => {
                return Finding::skip("cors", format!("no response from {who}: {reason}"));
            }
        }
    }
    let names: Vec<_> = origins.iter().map(WebOrigin::as_str).collect();
    if refused.is_empty() {
        return Finding::ok("cors", format!("{who} allows requests from {}", names.join(", ")));
    }
    let them = if refused.len() == 1 { "it" } else { "them" };
    let refused = refused.join(", ");
    let advice = format!("add {them} to {setting} of {who}");
    Finding::fault(setting, format!("{who} does not allow requests from {refused}: {advice}"))
}
