//! Checks, without any I/O, how browsers will treat the configured origins, and whether proxies are
//! configured.

use operator_tools::doctor::{
    Finding, is_another_site, is_https, is_loopback, same_but_for_the_host,
};
use service_kit::origins::WebOrigin;
use url::Url;

use crate::config::{Config, SameSite};

pub(super) fn check(config: &Config) -> Vec<Finding> {
    let mut findings = cookies(config);
    findings.extend(secure_cookies(config));
    if config.web_root.is_some() {
        findings.extend(tasks(config));
    }
    findings.push(proxies(config));
    findings
}

/// Checks that browsers send cookies from each page to this service.
fn cookies(config: &Config) -> Vec<Finding> {
    let base = &config.better_auth_url;
    let is_home = |page: &&WebOrigin| !is_another_site(page, base);
    let has_a_home = config.web_root.is_some() || config.frontend_url.iter().any(|p| is_home(&p));
    let findings: Vec<_> =
        config.frontend_url.iter().filter_map(|page| obstacle(page, config, has_a_home)).collect();
    if findings.is_empty() {
        let pages: Vec<_> = config.frontend_url.iter().map(WebOrigin::as_str).collect();
        let mut text =
            format!("browsers send cookies from {} to {}", pages.join(", "), base.as_str());
        if config.frontend_url.iter().any(|page| is_another_site(page, base)) {
            text += ", unless they block third-party cookies";
        }
        if config.frontend_url.iter().any(is_loopback) {
            text += "; open the web app at exactly this address: 127.0.0.1 and localhost are different sites";
        }
        return vec![Finding::ok("cookies", text)];
    }
    findings
}

/// Returns a problem that may keep a page from sending cookies to the service, if there is one.
fn obstacle(page: &WebOrigin, config: &Config, has_a_home: bool) -> Option<Finding> {
    let base = &config.better_auth_url;
    let (shown, service) = (page.as_str(), base.as_str());
    if is_https(page) && !is_https(base) && !is_loopback(base) {
        let text = format!("{service} is http, and browsers do not let {shown} call it");
        return Some(Finding::fault("BETTER_AUTH_URL", format!("{text}: set its https address")));
    }
    if config.cookies.cookie_same_site == SameSite::None {
        return None;
    }
    if is_another_site(page, base) {
        return Some(another_site(page, base, has_a_home));
    }
    if is_https(base) && !is_https(page) {
        let text = format!("{shown} is http and BETTER_AUTH_URL {service} is https: some browsers");
        let text = format!("{text} send no cookies from there; set its https address");
        return Some(Finding::warn("FRONTEND_URL", text));
    }
    None
}

/// Reports a page that is not on the same site as the service. Mixing `localhost` and `127.0.0.1`
/// is a fault, unless another page is on the site of the service (`has_a_home`). Any other
/// combination of sites may be intended, so it causes only a warning.
fn another_site(page: &WebOrigin, base: &WebOrigin, has_a_home: bool) -> Finding {
    let text = format!("{} and BETTER_AUTH_URL {}", page.as_str(), base.as_str());
    let text = format!("{text} are different sites, so browsers send no cookies");
    let instead = same_but_for_the_host(page, base).filter(|_| is_loopback(page));
    if let Some(instead) = instead.filter(is_loopback) {
        let text = format!("{text}: use {} instead", instead.as_str());
        return if has_a_home {
            Finding::warn("FRONTEND_URL", text)
        } else {
            Finding::fault("FRONTEND_URL", text)
        };
    }
    let advice = if is_loopback(page) {
        "set the address that users open"
    } else {
        "use one domain for both, or bearer tokens instead of cookies"
    };
    Finding::warn("FRONTEND_URL", format!("{text}: {advice}"))
}

/// Checks that secure cookies are not set over http, where some or all browsers reject them.
fn secure_cookies(config: &Config) -> Option<Finding> {
    let base = &config.better_auth_url;
    if !config.secure_cookies || is_https(base) {
        return None;
    }
    let text = format!("is on, but BETTER_AUTH_URL {} is http", base.as_str());
    Some(if is_loopback(base) {
        Finding::warn("SECURE_COOKIES", format!("{text}: some browsers refuse such cookies"))
    } else {
        Finding::fault(
            "SECURE_COOKIES",
            format!("{text}: browsers refuse such cookies; turn it off, or use https"),
        )
    })
}

/// Checks that users of the web app served here can reach task-service.
fn tasks(config: &Config) -> Option<Finding> {
    let (base, tasks) = (&config.better_auth_url, &config.tasks_url);
    let (page, shown) = (base.as_str(), tasks.as_str());
    if is_loopback(tasks) && !is_loopback(base) {
        let text = format!("{shown} is each visitor's own machine, but the web app is at {page}");
        return Some(Finding::fault("TASKS_URL", format!("{text}: set a public address")));
    }
    if is_https(base) && !is_https(tasks) && !is_loopback(tasks) {
        let text = format!("{shown} is http, and browsers do not let {page} call it");
        return Some(Finding::fault("TASKS_URL", format!("{text}: set its https address")));
    }
    None
}

/// Checks that rate limits count clients by their real addresses, not by a shared proxy's address
/// or a forged one.
fn proxies(config: &Config) -> Finding {
    let setting = "TRUSTED_PROXIES";
    if config.trusted_proxies.iter().any(|proxy| proxy.is_everybody()) {
        let text = "trusts all addresses, so clients can forge theirs and evade rate limits";
        return Finding::fault(setting, format!("{text}: set only the address of the proxy"));
    }
    if config.trusted_proxies.is_empty() && config.is_https() && config.rate_limit {
        let text = "is empty, but BETTER_AUTH_URL is https, so there must be a proxy: all";
        let text = format!(
            "{text} clients appear to have its address and share one rate limit; set it to that address"
        );
        return Finding::warn(setting, text);
    }
    if config.trusted_proxies.is_empty() && config.rate_limit && has_another_port(config) {
        let text = "is empty, but BETTER_AUTH_URL has a different port from PORT: if there is a";
        let text = format!(
            "{text} proxy, all clients appear to have its address and share one rate limit; set it to that address"
        );
        return Finding::warn(setting, text);
    }
    Finding::ok(
        "proxies",
        match config.trusted_proxies.len() {
            0 => "none trusted: the peer of a connection is the client".to_owned(),
            count => format!("X-Forwarded-For is trusted from {count} addresses or networks"),
        },
    )
}

/// Returns whether the port in the public URL differs from the one that the service listens on.
/// Returns `false` if the URL refers to this machine, or if the service chooses a free port.
fn has_another_port(config: &Config) -> bool {
    let url: Option<Url> = config.better_auth_url.as_str().parse().ok();
    let port = url.and_then(|url| url.port_or_known_default());
    let is_here = config.server.port == 0 || is_loopback(&config.better_auth_url);
    !is_here && port.is_some_and(|port| port != config.server.port)
}
