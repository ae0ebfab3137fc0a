//! Both services behind nginx in typical configurations.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use e2e::{Nginx, System, on_sqlite};
use ureq::{
    Agent,
    http::{Request, Response},
};
use url::Url;

on_sqlite!(
    a_caching_proxy_does_not_share_private_responses,
    a_compressing_proxy_does_not_break_conditional_requests,
    a_proxy_may_put_a_service_below_a_path,
);

/// nginx settings that cache each response for a minute, for all clients, unless its headers forbid
/// it.
const CACHE: &str = "proxy_cache cache; proxy_cache_key $request_uri; proxy_cache_valid any 1m; \
                     add_header X-Cache $upstream_cache_status always;";

fn get(url: &str, bearer: Option<&str>) -> Response<String> {
    let agent = Agent::config_builder().http_status_as_error(false).build().new_agent();
    let mut request = agent.get(url);
    if let Some(bearer) = bearer {
        request = request.header("authorization", format!("Bearer {bearer}"));
    }
    let response = request.call().unwrap();
    let (head, mut body) = response.into_parts();
    Response::from_parts(head, body.read_to_string().unwrap())
}

fn a_caching_proxy_does_not_share_private_responses(system: &mut System) {
    let Some(nginx) = Nginx::start(system, "/", CACHE) else { return };
    let session = |email| system.auth_client().sign_up(email).unwrap().text("token");
    let sessions = ["ada@example.com", "bob@example.com"].map(session);
    let tokens = sessions
        .each_ref()
        .map(|session| system.auth_client().token(session).unwrap().text("token"));
    let task = system.tasks_client().create_task(&tokens[0], "of Ada").unwrap().text("id");

    let auth = ["token", "get-session", "list-sessions", "list-accounts"]
        .map(|path| (format!("{}/api/auth/{path}", nginx.auth_url), &sessions));
    let tasks = ["", "?limit=1", &format!("/{task}")]
        .map(|path| (format!("{}/api/tasks{path}", nginx.tasks_url), &tokens));
    for (url, [ada, bob]) in auth.into_iter().chain(tasks) {
        let answers = [Some(ada), Some(bob), None].map(|who| get(&url, who.map(String::as_str)));
        for answer in &answers {
            assert_eq!(answer.headers()["x-cache"], "MISS", "{url}");
        }
        let [of_ada, of_bob, of_nobody] = answers.map(Response::into_body);
        assert_ne!(of_ada, of_bob, "{url}");
        assert_ne!(of_ada, of_nobody, "{url}");
    }
    for url in [&nginx.auth_url, &nginx.tasks_url] {
        let health = format!("{url}/health/ready");
        let seen = [(); 2].map(|()| get(&health, None).headers()["x-cache"].clone());
        assert_eq!(seen, ["MISS", "MISS"], "readiness is never answered from a cache");
    }
    // The proxy does cache the key set, which is public.
    let keys = format!("{}/api/auth/jwks", nginx.auth_url);
    assert_eq!(get(&keys, None).headers()["x-cache"], "MISS");
    assert_eq!(get(&keys, None).headers()["x-cache"], "HIT");
}

/// nginx settings that compress every response if its headers allow it.
const COMPRESS: &str = "gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any;";

/// Sends a request that accepts compressed responses.
fn send(
    method: &str,
    url: &str,
    bearer: &str,
    header: Option<(&str, &str)>,
    body: &'static str,
) -> Response<()> {
    let agent = Agent::config_builder().http_status_as_error(false).build().new_agent();
    let mut request = Request::builder()
        .method(method)
        .uri(url)
        .header("authorization", format!("Bearer {bearer}"))
        .header("accept-encoding", "gzip");
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    if !body.is_empty() {
        request = request.header("content-type", "application/json");
    }
    agent.run(request.body(body).unwrap()).unwrap().map(drop)
}

fn a_compressing_proxy_does_not_break_conditional_requests(system: &mut System) {
    let Some(nginx) = Nginx::start(system, "/", COMPRESS) else { return };
    let token = system.token("ada@example.com");
    let id = system.tasks_client().create_task(&token, "Buy milk").unwrap().text("id");
    let list = format!("{}/api/tasks", nginx.tasks_url);
    let task = format!("{list}/{id}");
    let keys = format!("{}/api/auth/jwks", nginx.auth_url);

    for url in [&task, &list, &keys] {
        let first = send("GET", url, &token, None, "");
        assert_eq!(first.status(), 200, "{url}");
        assert_eq!(first.headers()["content-encoding"], "gzip", "{url}");
        let tag = first.headers()["etag"].to_str().unwrap();
        assert!(tag.starts_with("W/"), "nginx weakens {tag}");
        let second = send("GET", url, &token, Some(("if-none-match", tag)), "");
        assert_eq!(second.status(), 304, "{url}");
    }
    let read = send("GET", &task, &token, None, "");
    let tag = read.headers()["etag"].to_str().unwrap();
    let done = r#"{"completed":true}"#;
    assert_eq!(send("PATCH", &task, &token, Some(("if-match", tag)), done).status(), 200);
    assert_eq!(send("PATCH", &task, &token, Some(("if-match", tag)), done).status(), 412);
}

fn a_proxy_may_put_a_service_below_a_path(system: &mut System) {
    let Some(nginx) = Nginx::start(system, "/apps/tasks/", "") else { return };
    let token = system.token("ada@example.com");
    let list: Url = format!("{}/api/tasks?limit=1", nginx.tasks_url).parse().unwrap();
    let title = r#"{"title":"Buy milk"}"#;
    for _ in 0..2 {
        let created = send("POST", list.as_str(), &token, None, title);
        let location = list.join(created.headers()["location"].to_str().unwrap()).unwrap();
        assert_eq!(send("GET", location.as_str(), &token, None, "").status(), 200, "{location}");
    }
    let first = send("GET", list.as_str(), &token, None, "");
    let link = first.headers()["link"].to_str().unwrap();
    let (reference, _) = link.strip_prefix('<').unwrap().split_once('>').unwrap();
    let next = list.join(reference).unwrap();
    let second = send("GET", next.as_str(), &token, None, "");
    assert_eq!(second.status(), 200, "{next}");
    assert!(!second.headers().contains_key("link"), "{next}");
    let docs: Url = format!("{}/docs", nginx.tasks_url).parse().unwrap();
    let page = get(docs.as_str(), None);
    assert_eq!(page.status(), 200, "the redirect leads to the page");
}
