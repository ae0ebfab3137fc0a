//! Commands, statements, configurations and responses on the pages of the documentation. They are
//! used as they are, except for addresses.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop here"
)]

use std::{
    fs,
    net::TcpStream,
    process::{Command, Output},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use e2e::{Data, NginxProcess, System, cluster, on_sqlite, wait_until};
use serde_json::{Value, json};
use xtask::{postgres::Cluster, walkthrough::block};

on_sqlite!(
    introspection_works_as_documented,
    the_feed_of_events_works_as_documented,
    the_nginx_configuration_serves_both_services,
);

const DEPLOYMENT: &str = "docs/deployment.md";
const VERIFYING: &str = "docs/verifying-tokens.md";
const EVENTS: &str = "docs/security-events.md";

fn run(shell: &mut Command) -> Output {
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

/// Runs a documented request to auth-service, and returns the JSON response.
fn request(system: &System, command: &str, token: &str) -> Value {
    let (address, actual) = ("https://auth.example.com", &*system.auth.url);
    assert!(command.contains(address), "{command}");
    let mut shell = Command::new("bash");
    let service = system.auth.command(&[]);
    shell.envs(service.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.env("TOKEN", token);
    let output = run(shell.args(["-euc", &command.replace(address, actual)]));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn fields(object: &Value) -> Vec<&String> {
    let mut fields: Vec<_> = object.as_object().unwrap().keys().collect();
    fields.sort();
    fields
}

fn documented(page: &str, start: &str) -> Value {
    serde_json::from_str(&block(page, start).unwrap()).unwrap()
}

fn introspection_works_as_documented(system: &mut System) {
    let token = system.token("ada@example.com");
    let command = block(VERIFYING, "curl ").unwrap();
    let response = request(system, &command, &token);
    let documented = documented(VERIFYING, "{\n  \"active\"");
    assert_eq!(fields(&response), fields(&documented));
    for name in ["active", "token_type", "email"] {
        assert_eq!(response[name], documented[name], "{name}");
    }
    assert_eq!(system.auth_client().revoke_token(&token).unwrap().status, 200);
    assert_eq!(request(system, &command, &token), json!({ "active": false }));
}

fn the_feed_of_events_works_as_documented(system: &mut System) {
    let client = system.auth_client();
    let session = client.sign_up("ada@example.com").unwrap().text("token");
    let signed_out = client.post("/api/auth/sign-out", Some(&session), &json!({})).unwrap();
    assert_eq!(signed_out.status, 200);

    let response = request(system, &block(EVENTS, "curl ").unwrap(), "");
    assert_eq!(fields(&response), fields(&documented(EVENTS, "{ \"sets\"")));
    let sets = response["sets"].as_object().unwrap();
    assert_eq!(sets.len(), 1, "{response}");
    let event = sets.values().next().unwrap().as_str().unwrap();
    let claims = BASE64_URL_SAFE_NO_PAD.decode(event.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    let documented = documented(EVENTS, "{\n  \"iss\"");
    for path in ["", "/sub_id", "/sub_id/user", "/sub_id/session", "/events"] {
        let [ours, theirs] = [&claims, &documented].map(|claims| claims.pointer(path).unwrap());
        assert_eq!(fields(ours), fields(theirs), "{path:?}");
    }
    let [ours, theirs] = [&claims, &documented]
        .map(|claims| fields(claims["events"].as_object().unwrap().values().next().unwrap()));
    assert_eq!(ours, theirs);
}

fn the_nginx_configuration_serves_both_services(system: &mut System) {
    let [app, api] = ["app.example.com", "tasks.example.com"];
    let key = rcgen::generate_simple_self_signed([app, api].map(str::to_owned)).unwrap();
    let [certificate, private] = ["site.crt", "site.key"].map(|name| system.folder().join(name));
    fs::write(&certificate, key.cert.pem()).unwrap();
    fs::write(&private, key.signing_key.serialize_pem()).unwrap();
    let port = xtask::ports::free().unwrap();
    let tls = format!(
        "listen 127.0.0.1:{port} ssl; ssl_certificate {}; ssl_certificate_key {};",
        certificate.display(),
        private.display()
    );
    let [site, site_api] = [app, api].map(|host| format!("https://{host}"));
    for (name, value) in [
        ("BETTER_AUTH_URL", &*site),
        ("FRONTEND_URL", &site),
        ("TASKS_URL", &site_api),
        ("TRUSTED_PROXIES", "127.0.0.1"),
    ] {
        system.auth.set_variable(name, value);
    }
    for name in ["BETTER_AUTH_ISSUER", "BETTER_AUTH_AUDIENCE"] {
        system.tasks.set_variable(name, &site);
    }
    system.auth.stop().unwrap();
    system.tasks.stop().unwrap();
    system.start_services();
    let mut sites = block(DEPLOYMENT, "server {").unwrap();
    for (documented, actual) in [
        ("listen 443 ssl;", &tls),
        ("http://127.0.0.1:3000", &system.auth.url),
        ("http://127.0.0.1:8000", &system.tasks.url),
    ] {
        assert!(sites.contains(documented), "{sites}");
        sites = sites.replace(documented, actual);
    }
    let Some(nginx) = NginxProcess::start(system.folder(), &sites) else { return };
    wait_until("nginx listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());

    let curl = |host: &str, path: &str, arguments: &[&str]| {
        let mut curl = Command::new("curl");
        curl.args(["-sSi", "--cacert"]).arg(&certificate);
        curl.arg("--resolve").arg(format!("{host}:{port}:127.0.0.1"));
        curl.arg(format!("https://{host}:{port}{path}")).args(arguments);
        String::from_utf8(run(&mut curl).stdout).unwrap()
    };
    let field = |response: &str, name: &str| {
        let (_, rest) = response.split_once(&format!("\"{name}\":\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let json =
        ["-H", "Content-Type: application/json", "-H", "Origin: https://app.example.com", "-d"];
    let user = r#"{"name": "Ada", "email": "ada@example.com", "password": "correct horse 42"}"#;
    let signed_up = curl(app, "/api/auth/sign-up/email", &[&json[..], &[user]].concat());
    assert!(signed_up.to_lowercase().contains("set-cookie: __secure-"), "{signed_up}");
    let bearer = format!("Authorization: Bearer {}", field(&signed_up, "token"));
    let token = field(&curl(app, "/api/auth/token", &["-H", &bearer]), "token");
    let bearer = format!("Authorization: Bearer {token}");
    let task = r#"{"title": "Buy milk"}"#;
    let created = curl(api, "/api/tasks", &[&json[..], &[task, "-H", &bearer]].concat());
    assert!(created.starts_with("HTTP/1.1 201 "), "{created}");
    drop(nginx);
}

/// Runs the statements of a block one by one, because some cannot be part of a transaction.
fn execute(cluster: &Cluster, database: &str, role: Option<&str>, statements: &str) {
    let role = role.map(|role| format!("SET ROLE {role}; ")).unwrap_or_default();
    for statement in statements.split_inclusive(';').filter(|one| !one.trim().is_empty()) {
        cluster.query(database, &format!("{role}{statement}")).unwrap();
    }
}

#[test]
fn the_roles_and_databases_suit_both_services() {
    let Some(cluster) = cluster(Cluster::start()) else { return };
    execute(&cluster, "postgres", None, &block(DEPLOYMENT, "CREATE ROLE auth ").unwrap());
    let address = format!("@127.0.0.1:{}/", cluster.port());
    let names = ["BETTER_AUTH_SECRET", "AUTH_DATABASE_URL", "TASKS_DATABASE_URL"];
    let commands = block(DEPLOYMENT, "export BETTER_AUTH_SECRET=").unwrap();
    let printed = names.map(|name| format!("\"${name}\"")).join(" ");
    let script = commands.replace("cargo xtask up", &format!("printf '%s\\n' {printed}"));
    let output = run(Command::new("bash").args(["-euc", &script.replace("@localhost/", &address)]));
    let values = String::from_utf8(output.stdout).unwrap();
    let [secret, auth_url, tasks_url] = values.lines().collect::<Vec<_>>().try_into().unwrap();

    let mut system = System::on(Data::Cluster(cluster));
    system.auth.set_variable("BETTER_AUTH_SECRET", secret);
    system.auth.set_variable("DATABASE_URL", auth_url);
    system.tasks.set_variable("DATABASE_URL", tasks_url);
    system.start_services();
    let token = system.token("ada@example.com");
    assert_eq!(system.tasks_client().create_task(&token, "Buy milk").unwrap().status, 201);
}

#[test]
fn the_statements_move_a_service_to_a_schema_of_its_own() {
    let Some(cluster) = cluster(Cluster::start_with(&["app"], &[], &[])) else { return };
    let create = "CREATE ROLE auth LOGIN PASSWORD 'password-1'; ALTER DATABASE app OWNER TO auth";
    execute(&cluster, "postgres", None, create);
    let url = format!("postgres://auth:password-1@127.0.0.1:{}/app", cluster.port());
    let mut system = System::on(Data::Cluster(cluster));
    system.auth.set_variable("DATABASE_URL", &url);
    system.auth.start_and_wait().unwrap();
    let client = system.auth_client();
    assert_eq!(client.sign_up("ada@example.com").unwrap().status, 200);
    system.auth.stop().unwrap();

    let tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'";
    let cluster = system.data.cluster();
    let tables = cluster.query("app", tables).unwrap();
    let documented = block(DEPLOYMENT, "CREATE SCHEMA auth_service;").unwrap();
    let (of_users, others) = ("ALTER TABLE users ", tables.lines().filter(|one| *one != "users"));
    let line = documented.lines().find(|line| line.starts_with(of_users)).unwrap();
    let others = others.filter(|one| *one != "auth_service_migrations");
    let others: Vec<_> = others.map(|table| line.replace("users", table)).collect();
    assert!(others.len() > 3, "{tables}");
    execute(cluster, "app", Some("auth"), &(documented + &others.concat()));
    system.auth.set_variable("DATABASE_SCHEMA", "auth_service");
    system.auth.start_and_wait().unwrap();
    assert_eq!(client.sign_in("ada@example.com").unwrap().status, 200);

    // The search path of the role has the same effect.
    system.auth.stop().unwrap();
    system.auth.remove_variable("DATABASE_SCHEMA");
    let role = block(DEPLOYMENT, "ALTER ROLE auth ").unwrap();
    execute(system.data.cluster(), "app", Some("auth"), &role);
    system.auth.start_and_wait().unwrap();
    assert_eq!(client.sign_in("ada@example.com").unwrap().status, 200);
}
