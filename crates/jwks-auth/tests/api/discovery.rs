//! Discovery of an issuer's keys from a server on this machine, and an application's own HTTP
//! client.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use jwks_auth::{
    Algorithm, BuildError, Error, MetadataError, Refusal, TrustedIssuer, Verifier, jwks_uri,
    metadata_urls, testing::Issuer,
};
use serde_json::{Value, json};

const AUDIENCE: &str = "https://api.example.com";
const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// An HTTP server that serves JSON documents by path.
#[derive(Clone)]
struct Server {
    url: String,
    documents: Arc<Mutex<HashMap<String, Value>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { url, documents: Arc::default(), requests: Arc::default() };
        let served = server.clone();
        thread::spawn(move || {
            for connection in listener.incoming() {
                let served = served.clone();
                thread::spawn(move || served.serve(&connection.unwrap()));
            }
        });
        server
    }

    fn serve(&self, mut connection: &TcpStream) {
        let mut lines = BufReader::new(connection).lines().map_while(Result::ok);
        while let Some(request) = lines.next() {
            if lines.by_ref().all(|line| !line.is_empty()) {
                return;
            }
            let path = request.split(' ').nth(1).unwrap().to_owned();
            let document = self.documents.lock().unwrap().get(&path).cloned();
            self.requests.lock().unwrap().push(path);
            let (status, body) = match document {
                // A string is sent as it is, like the page of a web app.
                Some(Value::String(page)) => ("200 OK", page),
                Some(document) => ("200 OK", document.to_string()),
                None => ("404 Not Found", String::new()),
            };
            let length = body.len();
            let response = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
            connection.write_all(response.as_bytes()).unwrap();
        }
    }

    fn publish(&self, path: &str, document: impl Into<Value>) {
        self.documents.lock().unwrap().insert(path.to_owned(), document.into());
    }

    fn remove(&self, path: &str) {
        self.documents.lock().unwrap().remove(path);
    }

    fn metadata(&self, issuer: &str, keys: &str) -> Value {
        json!({ "issuer": issuer, "jwks_uri": format!("{}{keys}", self.url), "more": [1] })
    }

    fn requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

fn verifier(issuer: &str, cache_ttl: Duration) -> Verifier {
    let trusted =
        TrustedIssuer::discover(issuer, AUDIENCE).algorithms(Algorithm::ALL.iter().copied());
    let verifier = Verifier::builder(trusted).cache_ttl(cache_ttl).cooldown(Duration::ZERO);
    verifier.token_cache(0).build().unwrap()
}

async fn outcome(verifier: &Verifier, signer: &Issuer, issuer: &str) -> Result<(), Error> {
    let claims = json!({ "sub": "ada", "iss": issuer, "aud": AUDIENCE, "exp": 4_102_444_800_u64 });
    verifier.verify::<Value>(&signer.sign(&claims)).await.map(drop)
}

#[tokio::test]
async fn keys_are_found_by_either_metadata() {
    for (path, location) in [
        ("", OAUTH.to_owned()),
        ("", OPENID.to_owned()),
        ("/", OAUTH.to_owned()),
        ("/", OPENID.to_owned()),
        ("/realms/one", format!("{OAUTH}/realms/one")),
        ("/realms/one", format!("/realms/one{OPENID}")),
        ("/realms/one/", format!("{OAUTH}/realms/one")),
        ("/realms/one/", format!("/realms/one{OPENID}")),
    ] {
        let (server, signer) = (Server::start(), Issuer::generate("key", Algorithm::Es256));
        let issuer = format!("{}{path}", server.url);
        server.publish(&location, server.metadata(&issuer, "/keys"));
        server.publish("/keys", signer.jwks());
        let verifier = verifier(&issuer, Duration::from_hours(1));
        assert_eq!(outcome(&verifier, &signer, &issuer).await, Ok(()), "{location}");
        assert!(verifier.is_ready());
        let other = format!("{issuer}/");
        let expected = Err(Refusal::WrongIssuer.into());
        assert_eq!(outcome(&verifier, &signer, &other).await, expected, "{location}");
    }
}

#[tokio::test]
async fn a_page_instead_of_metadata_does_not_hide_the_other_location() {
    let (server, signer) = (Server::start(), Issuer::new("key", 1));
    server.publish(OAUTH, "<!doctype html>");
    server.publish(OPENID, server.metadata(&server.url, "/keys"));
    server.publish("/keys", signer.jwks());
    let verifier = verifier(&server.url, Duration::from_hours(1));
    assert_eq!(outcome(&verifier, &signer, &server.url).await, Ok(()));
}

#[tokio::test]
async fn metadata_of_another_issuer_is_refused() {
    let (server, signer) = (Server::start(), Issuer::new("key", 1));
    server.publish("/keys", signer.jwks());
    for claimed in [
        format!("{}/", server.url),
        server.url.to_uppercase(),
        "https://id.example.com".to_owned(),
        String::new(),
    ] {
        server.publish(OAUTH, server.metadata(&claimed, "/keys"));
        // If the first document names another issuer, the second location is not tried.
        server.publish(OPENID, server.metadata(&server.url, "/keys"));
        server.requests();
        let verifier = verifier(&server.url, Duration::from_hours(1));
        let refused = outcome(&verifier, &signer, &server.url).await;
        assert!(matches!(refused, Err(Error::Unavailable { .. })), "{claimed} {refused:?}");
        assert!(!server.requests().contains(&"/keys".to_owned()));
    }
}

#[tokio::test]
async fn the_metadata_is_cached_until_the_keys_are_not_found() {
    let server = Server::start();
    let [old, new, newest] =
        ["old", "new", "newest"].map(|kid| Issuer::generate(kid, Algorithm::EdDsa));
    server.publish(OAUTH, server.metadata(&server.url, "/old"));
    server.publish("/old", old.jwks());
    let cached = verifier(&server.url, Duration::from_hours(1));
    assert_eq!(outcome(&cached, &old, &server.url).await, Ok(()));
    assert_eq!(server.requests(), [OAUTH, "/old"]);

    // An unknown key causes a fetch of the keys, but not of the metadata.
    server.publish("/old", new.jwks());
    assert_eq!(outcome(&cached, &new, &server.url).await, Ok(()));
    assert_eq!(server.requests(), ["/old"]);

    // Keys that are no longer found may have moved.
    server.remove("/old");
    server.publish(OAUTH, server.metadata(&server.url, "/new"));
    server.publish("/new", newest.jwks());
    let unavailable = outcome(&cached, &newest, &server.url).await;
    assert!(matches!(unavailable, Err(Error::Unavailable { .. })), "{unavailable:?}");
    assert_eq!(outcome(&cached, &new, &server.url).await, Ok(()), "the last valid set is kept");
    assert_eq!(outcome(&cached, &newest, &server.url).await, Ok(()));
    assert_eq!(server.requests(), ["/old", OAUTH, "/new"]);
}

#[tokio::test]
async fn old_metadata_is_used_while_it_cannot_be_renewed() {
    let server = Server::start();
    let [old, new] = ["old", "new"].map(|kid| Issuer::generate(kid, Algorithm::EdDsa));
    server.publish(OAUTH, server.metadata(&server.url, "/keys"));
    server.publish("/keys", old.jwks());
    // With this lifetime, the metadata is too old at each fetch of the keys.
    let verifier = verifier(&server.url, Duration::from_nanos(1));
    assert_eq!(outcome(&verifier, &old, &server.url).await, Ok(()));

    server.remove(OAUTH);
    server.publish("/keys", new.jwks());
    // The first of these fetches may have begun before the change.
    let fetches = || {
        let issuer = &verifier.stats().issuers[0];
        issuer.fetches_ok + issuer.fetches_failed
    };
    let enough = fetches() + 2;
    while fetches() < enough {
        tokio::task::yield_now().await;
    }
    assert_eq!(outcome(&verifier, &new, &server.url).await, Ok(()));
}

#[tokio::test]
async fn an_own_client_sends_the_requests() {
    let (server, signer) = (Server::start(), Issuer::new("key", 1));
    server.publish("/keys", signer.jwks());
    // Only this client can resolve the host.
    let address = server.url.trim_start_matches("http://").parse().unwrap();
    let client = reqwest::Client::builder().no_proxy().resolve("id.invalid", address);
    let port = server.url.rsplit(':').next().unwrap();
    let url = format!("http://id.invalid:{port}/keys").parse().unwrap();
    let trusted = TrustedIssuer::new("me", AUDIENCE, url);
    let verifier = Verifier::builder(trusted).http_client(client.build().unwrap()).build().unwrap();
    assert_eq!(outcome(&verifier, &signer, "me").await, Ok(()));
}

#[test]
fn only_secure_urls_of_issuers_have_metadata() {
    for (issuer, expected) in [
        (
            "https://id.example.com",
            Some([
                "https://id.example.com/.well-known/oauth-authorization-server",
                "https://id.example.com/.well-known/openid-configuration",
            ]),
        ),
        (
            "https://id.example.com/a/b",
            Some([
                "https://id.example.com/.well-known/oauth-authorization-server/a/b",
                "https://id.example.com/a/b/.well-known/openid-configuration",
            ]),
        ),
        (
            "http://localhost:3000",
            Some([
                "http://localhost:3000/.well-known/oauth-authorization-server",
                "http://localhost:3000/.well-known/openid-configuration",
            ]),
        ),
        (
            "http://auth:3000",
            Some([
                "http://auth:3000/.well-known/oauth-authorization-server",
                "http://auth:3000/.well-known/openid-configuration",
            ]),
        ),
        ("http://id.example.com", None),
        ("https://id.example.com?a=b", None),
        ("https://id.example.com#a", None),
        ("https://ada:secret@id.example.com", None),
        ("ftp://id.example.com", None),
        ("id.example.com", None),
        ("", None),
    ] {
        let urls = metadata_urls(issuer).map(|urls| urls.map(String::from));
        assert_eq!(urls, expected.map(|urls| urls.map(str::to_owned)), "{issuer}");
    }
}

#[tokio::test]
async fn an_issuer_without_a_url_cannot_be_discovered() {
    let trusted = TrustedIssuer::discover("http://id.example.com", AUDIENCE);
    let built = Verifier::builder(trusted).build();
    assert!(
        matches!(built, Err(BuildError::NotDiscoverable(issuer)) if issuer == "http://id.example.com")
    );
}

#[test]
fn metadata_names_its_issuer_once_and_secure_keys() {
    let issuer = "https://id.example.com";
    let with_keys = |keys: Value| json!({ "issuer": issuer, "jwks_uri": keys }).to_string();
    for (metadata, expected) in [
        (with_keys(json!("https://keys.example/jwks")), Ok("https://keys.example/jwks")),
        (with_keys(json!("http://keys.example/jwks")), Err(MetadataError::NoKeys)),
        (with_keys(json!("http://localhost/jwks")), Err(MetadataError::NoKeys)),
        (with_keys(json!("file:///etc/passwd")), Err(MetadataError::NoKeys)),
        (with_keys(json!("https://a:b@keys.example/")), Err(MetadataError::NoKeys)),
        (with_keys(json!("/jwks")), Err(MetadataError::NoKeys)),
        (with_keys(json!(["https://keys.example/jwks"])), Err(MetadataError::NoKeys)),
        (json!({ "issuer": issuer }).to_string(), Err(MetadataError::NoKeys)),
        (json!({ "issuer": [issuer] }).to_string(), Err(MetadataError::OtherIssuer)),
        (
            json!({ "issuer": "https://id.example.com/" }).to_string(),
            Err(MetadataError::OtherIssuer),
        ),
        ("{}".to_owned(), Err(MetadataError::OtherIssuer)),
        (
            format!(r#"{{"issuer":"{issuer}","issuer":"{issuer}"}}"#),
            Err(MetadataError::NotMetadata),
        ),
        ("[]".to_owned(), Err(MetadataError::NotMetadata)),
        ("<html>".to_owned(), Err(MetadataError::NotMetadata)),
    ] {
        let url = jwks_uri(metadata.as_bytes(), issuer).map(String::from);
        assert_eq!(url, expected.map(str::to_owned), "{metadata}");
    }
}
