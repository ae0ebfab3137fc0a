//! Tests the program behind nginx with the documented configuration, and checks that the program
//! rejects invalid settings. `TEST_NGINX` names nginx; without it, the test with nginx prints a
//! note and passes, but fails in CI.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::{
    env, fs,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use jwks_auth::{Algorithm, testing::Issuer};
use serde_json::{Value, json};

const CONFIGURATION: &str = include_str!("../examples/nginx.conf");
const AUDIENCE: &str = "https://api.example.com";

/// A program that is stopped on drop.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // SIGTERM also stops the workers of nginx.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Responds to each request with the body that `respond` returns for its path and its head.
fn serve(listener: TcpListener, respond: impl Fn(&str, &str) -> String + Send + 'static) {
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut reader = BufReader::new(connection.try_clone().unwrap());
            let lines = reader.by_ref().lines().map_while(Result::ok);
            let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
            let head = head.join("\n").to_lowercase() + "\n";
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.unwrap_or("0").parse().unwrap();
            reader.read_exact(&mut vec![0; length]).unwrap();
            let body = respond(head.split(' ').nth(1).unwrap_or_default(), &head);
            let length = body.len();
            let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
            let _ = connection.write_all(response.as_bytes());
        }
    });
}

/// Starts an application that responds with the head of the request, and returns its port.
fn start_application() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    serve(listener, |_, head| head.to_owned());
    port
}

/// Publishes the keys of `signer`, and returns the name of the issuer.
fn start_issuer(signer: &Issuer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let metadata = json!({ "issuer": url, "jwks_uri": format!("{url}/keys") }).to_string();
    let keys = signer.jwks().to_string();
    serve(listener, move |path, _| if path == "/keys" { keys.clone() } else { metadata.clone() });
    url
}

fn start_nginx(program: &str, folder: &Path, ports: [(&str, u16); 3]) -> Running {
    let server = ports.iter().fold(CONFIGURATION.to_owned(), |text, (documented, port)| {
        assert!(text.contains(documented), "{documented}");
        text.replace(documented, &format!("127.0.0.1:{port}"))
    });
    let folder = folder.display();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {folder}/{name};"))
        .concat();
    let file = format!("{folder}/nginx.conf");
    let text = format!(
        "user root; daemon off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\n\
         http {{ access_log off; {temporary}\n{server} }}\n"
    );
    fs::write(&file, text).unwrap();
    let mut nginx = Command::new(program);
    nginx.args(["-e", &format!("{folder}/error.log"), "-c", &file]);
    Running(nginx.stderr(Stdio::null()).spawn().unwrap())
}

fn wait_for(port: u16) {
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        thread::yield_now();
    }
}

#[tokio::test]
async fn nginx_lets_only_valid_tokens_through() {
    let Some(nginx) = env::var_os("TEST_NGINX") else {
        assert!(env::var_os("CI").is_none(), "TEST_NGINX is not set, and CI skips nothing");
        let _ = writeln!(io::stderr(), "skipped: a test with nginx (TEST_NGINX is not set)");
        return;
    };
    let signer = Issuer::generate("key", Algorithm::Es256);
    let issuer = start_issuer(&signer);
    let [verifier_port, port] = [(); 2].map(|()| free_port());
    let verifier = Command::new(env!("CARGO_BIN_EXE_jwks-auth-verify"))
        .args(["--listen", &format!("127.0.0.1:{verifier_port}"), "--issuer", &issuer])
        .args(["--audience", AUDIENCE, "--algorithms", "ES256"])
        .spawn();
    let verifier = Running(verifier.unwrap());
    let folder = tempfile::tempdir().unwrap();
    let ports = [
        ("127.0.0.1:8080", port),
        ("127.0.0.1:3001", start_application()),
        ("127.0.0.1:9000", verifier_port),
    ];
    let _nginx = start_nginx(nginx.to_str().unwrap(), folder.path(), ports);
    wait_for(verifier_port);
    wait_for(port);

    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |token: Option<String>| {
        let mut request = http.post(format!("http://127.0.0.1:{port}/tasks")).body("a body");
        request = request.header("x-auth-subject", "forged").header("x-auth-scope", "admin");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = request.send().await.unwrap();
        let challenge = response.headers().get("www-authenticate");
        let challenge = challenge.map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), challenge, response.text().await.unwrap())
    };
    let claims = |sub: &str, scope: &str| {
        json!({
            "sub": sub, "iss": issuer, "aud": AUDIENCE, "exp": 4_102_444_800_u64, "scope": scope
        })
    };

    let (status, _, received) = get(Some(signer.sign(&claims("ada", "a b")))).await;
    assert_eq!(status, 200);
    assert!(received.starts_with("post /tasks http/1"), "{received}");
    assert!(received.contains("\nx-auth-subject: ada\n"), "{received}");
    assert!(received.contains("\nx-auth-scope: a b\n"), "{received}");
    assert!(!received.contains("forged") && !received.contains("admin"), "{received}");

    let thief = Issuer::generate("key", Algorithm::Es256);
    let invalid = r#"Bearer error="invalid_token""#;
    for (token, challenge) in [
        (None, "Bearer"),
        (Some("nonsense".to_owned()), invalid),
        (Some(thief.sign(&claims("ada", ""))), invalid),
        (Some(signer.sign(&claims("ada\nx-auth-scope: admin", ""))), invalid),
        (Some(signer.sign(&claims("ada ", ""))), invalid),
        (Some(signer.sign(&claims("adä", ""))), invalid),
        (Some(signer.sign(&claims("ada", "a\nx-auth-subject:"))), invalid),
    ] {
        let (status, actual, _) = get(token).await;
        assert_eq!((status, actual.as_deref()), (401, Some(challenge)));
    }

    // A request of the proxy can name scopes that the token must have.
    for (scope, expected) in [("a", 204), ("a%20b", 204), ("c", 403), ("a%20c", 403)] {
        let url = format!("http://127.0.0.1:{verifier_port}/?scope={scope}");
        let token = signer.sign(&claims("ada", "a b"));
        let response = http.get(url).bearer_auth(token).send().await.unwrap();
        assert_eq!(response.status().as_u16(), expected, "{scope}");
    }

    drop(verifier);
    let (status, _, body) = get(Some(signer.sign(&claims("ada", "a b")))).await;
    assert_eq!(status, 503);
    assert!(serde_json::from_str::<Value>(&body).is_ok(), "{body}");
}

#[test]
fn a_setting_that_cannot_be_used_stops_the_start() {
    for (arguments, reason) in [
        (["--issuer", "http://id.example.com", "--audience", "a"], "cannot be discovered"),
        (["--algorithms", "HS256", "--issuer", "https://id.example.com"], "expected one of EdDSA"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_jwks-auth-verify"))
            .env_clear()
            .args(arguments)
            .output()
            .unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(reason), "{said}");
    }
}
