//! What browsers will make of the addresses that pages and services have. Pure.

use service_kit::{
    doctor::{Finding, is_https, is_loopback, is_surely_another_site, same_but_for_the_host},
    origins::WebOrigin,
};

use crate::config::Config;

pub(super) fn check(config: &Config) -> Vec<Finding> {
    let mut findings = cookies(config);
    findings.extend(secure_cookies(config));
    if config.web_root.is_some() {
        findings.extend(tasks(config));
    }
    findings.push(proxies(config));
    findings
}

/// Whether cookies (`SameSite=Lax`) travel between each page and this service.
fn cookies(config: &Config) -> Vec<Finding> {
    let base = &config.better_auth_url;
    let is_home = |page: &&WebOrigin| !is_surely_another_site(page, base);
    let has_a_home = config.web_root.is_some() || config.frontend_url.iter().any(|p| is_home(&p));
    let findings: Vec<_> =
        config.frontend_url.iter().filter_map(|page| obstacle(page, base, has_a_home)).collect();
    if findings.is_empty() {
        let pages: Vec<_> = config.frontend_url.iter().map(WebOrigin::as_str).collect();
        let text = format!("travel between {} and {}", pages.join(", "), base.as_str());
        return vec![Finding::ok("cookies", text)];
    }
    findings
}

/// What keeps a page from calling with cookies.
fn obstacle(page: &WebOrigin, base: &WebOrigin, has_a_home: bool) -> Option<Finding> {
    let (shown, service) = (page.as_str(), base.as_str());
    if is_https(page) && !is_https(base) && !is_loopback(base) {
        let text = format!("{service} is http, which browsers forbid pages of {shown} to call");
        return Some(Finding::fault("BETTER_AUTH_URL", format!("{text}: name its https address")));
    }
    if is_surely_another_site(page, base) {
        return Some(another_site(page, base, has_a_home));
    }
    if is_https(base) && !is_https(page) {
        let text =
            format!("{shown} is http and BETTER_AUTH_URL {service} is https: not all browsers");
        let text = format!("{text} send cookies from there; name its https address");
        return Some(Finding::warn("FRONTEND_URL", text));
    }
    None
}

/// Whoever mixes up the names of this machine means one site; other sites may be meant.
fn another_site(page: &WebOrigin, base: &WebOrigin, has_a_home: bool) -> Finding {
    let text = format!("{} is another site than BETTER_AUTH_URL", page.as_str());
    let text = format!("{text} {}, so cookies do not travel", base.as_str());
    let instead = same_but_for_the_host(page, base).filter(|_| is_loopback(page));
    if let Some(instead) = instead.filter(is_loopback) {
        let text = format!("{text}: open and name {}", instead.as_str());
        return if has_a_home {
            Finding::warn("FRONTEND_URL", text)
        } else {
            Finding::fault("FRONTEND_URL", text)
        };
    }
    let advice = if is_loopback(page) {
        "name the address that people open"
    } else {
        "use one domain for both, or tokens instead of cookies"
    };
    Finding::warn("FRONTEND_URL", format!("{text}: {advice}"))
}

/// Browsers drop a cookie that is `Secure` and comes by http.
fn secure_cookies(config: &Config) -> Option<Finding> {
    let base = &config.better_auth_url;
    if !config.secure_cookies || is_https(base) {
        return None;
    }
    let text = format!("is on, but BETTER_AUTH_URL {} is http", base.as_str());
    Some(if is_loopback(base) {
        Finding::warn("SECURE_COOKIES", format!("{text}: not all browsers keep such cookies"))
    } else {
        Finding::fault(
            "SECURE_COOKIES",
            format!("{text}: browsers drop such cookies; off, or https"),
        )
    })
}

/// Whether the page that is served here can reach the tasks from where people are.
fn tasks(config: &Config) -> Option<Finding> {
    let (base, tasks) = (&config.better_auth_url, &config.tasks_url);
    let (page, shown) = (base.as_str(), tasks.as_str());
    if is_loopback(tasks) && !is_loopback(base) {
        let text = format!("{shown} is each visitor's own machine for the page at {page}");
        return Some(Finding::fault("TASKS_URL", format!("{text}: name a public address")));
    }
    if is_https(base) && !is_https(tasks) && !is_loopback(tasks) {
        let text = format!("{shown} is http, which browsers forbid the page at {page} to call");
        return Some(Finding::fault("TASKS_URL", format!("{text}: name its https address")));
    }
    None
}

/// Whether limits count clients, or the proxy that all of them come through.
fn proxies(config: &Config) -> Finding {
    let setting = "TRUSTED_PROXIES";
    if config.trusted_proxies.iter().any(|proxy| proxy.is_everybody()) {
        let text = "trusts everybody, so anybody can claim any address and escape the limits";
        return Finding::fault(setting, format!("{text}: name the proxy alone"));
    }
    if config.trusted_proxies.is_empty() && config.is_https() && config.rate_limit {
        let text = "is empty, but BETTER_AUTH_URL is https, which a proxy must end: all clients";
        let text = format!("{text} have its address and share one limit; name the proxy");
        return Finding::warn(setting, text);
    }
    Finding::ok(
        "proxies",
        match config.trusted_proxies.len() {
            0 => "none: a client is who connects".to_owned(),
            count => format!("{count} trusted with X-Forwarded-For"),
        },
    )
}
