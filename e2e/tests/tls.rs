//! PostgreSQL with TLS, using certificates of a temporary authority.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::{fs, path::PathBuf, process::Command};

use e2e::{Data, System, cluster, program};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use xtask::{postgres::Cluster, walkthrough::block};

const SETTINGS: [&str; 2] = ["ssl=on", "ssl_ca_file=ca.crt"];
/// A `pg_hba.conf` that requires TLS for all databases, and a client certificate for one of them.
const TLS_ONLY: &str = "hostssl certified all all cert\nhostssl all all all scram-sha-256\n";
const EVERYBODY: &str = "host all all all scram-sha-256\n";
const SECRET: &str = "a secret for tests, of more than 32 characters";

/// A certificate and its key, as PEM.
struct Certified {
    certificate: String,
    key: String,
}

struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    fn issue(&self, params: &CertificateParams) -> Certified {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Certified { certificate, key: key.serialize_pem() }
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

fn for_host(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.distinguished_name = named("a server");
    params
}

/// A PostgreSQL server, the authority that issued its certificate, and a folder with the files that
/// clients need.
struct Site {
    authority: Authority,
    cluster: Cluster,
    folder: tempfile::TempDir,
}

impl Site {
    /// Starts a server that accepts only TLS. Returns `None` if [`cluster`] does.
    fn start() -> Option<Self> {
        let authority = Authority::new("the authority");
        let Certified { certificate, key } = authority.issue(&for_host("localhost"));
        let files = [
            ("server.crt", certificate.as_str()),
            ("server.key", &key),
            ("ca.crt", &authority.certificate),
            ("pg_hba.conf", TLS_ONLY),
        ];
        let databases = ["auth", "tasks", "certified"];
        let cluster = cluster(Cluster::start_with(&databases, &SETTINGS, &files))?;
        let site = Self { authority, cluster, folder: tempfile::tempdir().unwrap() };
        site.write("ca.crt", &site.authority.certificate);
        site.write("other.crt", &Authority::new("another authority").certificate);
        Some(site)
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the URL of a database. `FOLDER` in `parameters` is replaced with the path of the
    /// folder with the clients' files.
    fn url(&self, host: &str, database: &str, parameters: &str) -> String {
        let (port, password) = (self.cluster.port(), self.cluster.password());
        let folder = self.folder.path().display();
        let parameters = parameters.replace("FOLDER", &folder.to_string());
        format!("postgres://postgres:{password}@{host}:{port}/{database}?{parameters}")
    }

    fn restart_with(&mut self, files: &[(&str, &str)]) {
        self.cluster.kill_nine().unwrap();
        for (name, content) in files {
            self.cluster.put(name, content).unwrap();
        }
        self.cluster.restart().unwrap();
    }

    /// Returns the lines of the doctor's report that are about the database.
    fn diagnose(&self, url: &str) -> String {
        let mut doctor = Command::new(program("auth-service"));
        doctor.arg("doctor").current_dir(self.folder.path());
        doctor.env("DATABASE_URL", url).env("BETTER_AUTH_SECRET", SECRET);
        doctor.env("SSL_CERT_FILE", self.path("ca.crt"));
        let output = doctor.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        assert!(!text.contains(self.cluster.password()), "{text}");
        let about = |line: &&str| line.contains("DATABASE_URL") || line.contains("database");
        text.lines().filter(about).collect::<Vec<_>>().join("\n")
    }

    /// Asserts for each URL that the doctor can connect, or that it reports the expected error.
    fn expect(&self, cases: &[(&str, &str, &str, Result<(), &str>)]) {
        for (host, database, parameters, expected) in cases {
            let report = self.diagnose(&self.url(host, database, parameters));
            let case = format!("{host} {database} {parameters}:\n{report}");
            match expected {
                Ok(()) => assert!(report.contains("connected to "), "{case}"),
                Err(text) => {
                    let is_it = |line: &str| line.contains("DATABASE_URL") && line.contains(text);
                    assert!(report.lines().any(is_it), "{case}");
                    assert_eq!(report.matches(text).count(), 1, "{case}");
                    assert!(!report.contains("db error"), "{case}");
                }
            }
        }
    }
}

const DEMANDS: &str = "the server requires TLS: set sslmode=require in DATABASE_URL";
const NOT_TRUSTED: &str = "the server's certificate is not trusted: it was not issued by";
const OTHER_HOST: &str = "the server's certificate is not valid for 127.0.0.1, but for";

#[test]
fn each_sslmode_means_what_it_means_to_libpq() {
    let Some(mut site) = Site::start() else { return };
    site.expect(&[
        ("localhost", "auth", "", Ok(())),
        ("localhost", "auth", "sslmode=disable", Err(DEMANDS)),
        ("localhost", "auth", "sslmode=allow", Ok(())),
        ("localhost", "auth", "sslmode=prefer", Ok(())),
        ("127.0.0.1", "auth", "sslmode=require", Ok(())),
        // In every mode with TLS, `sslrootcert` is used to verify the server's certificate.
        ("127.0.0.1", "auth", "sslmode=require&sslrootcert=FOLDER/ca.crt", Ok(())),
        ("localhost", "auth", "sslmode=require&sslrootcert=FOLDER/other.crt", Err(NOT_TRUSTED)),
        ("localhost", "auth", "sslmode=prefer&sslrootcert=FOLDER/other.crt", Err(NOT_TRUSTED)),
        ("127.0.0.1", "auth", "sslmode=verify-ca&sslrootcert=FOLDER/ca.crt", Ok(())),
        ("localhost", "auth", "sslmode=verify-ca&sslrootcert=FOLDER/other.crt", Err(NOT_TRUSTED)),
        ("localhost", "auth", "sslmode=verify-full&sslrootcert=FOLDER/ca.crt", Ok(())),
        ("127.0.0.1", "auth", "sslmode=verify-full&sslrootcert=FOLDER/ca.crt", Err(OTHER_HOST)),
        ("localhost", "auth", "sslmode=verify-full&sslrootcert=FOLDER/other.crt", Err(NOT_TRUSTED)),
        // The next three use the system's root certificates, which SSL_CERT_FILE replaces.
        ("localhost", "auth", "sslmode=verify-full", Ok(())),
        ("localhost", "auth", "sslrootcert=system", Ok(())),
        ("127.0.0.1", "auth", "sslrootcert=system", Err(OTHER_HOST)),
        ("localhost", "auth", "sslrootcert=FOLDER/missing.crt", Err("missing.crt: No such file")),
        ("localhost", "auth", "sslmode=require&channel_binding=require", Ok(())),
        ("localhost", "auth", "sslmode=require&channel_binding=disable", Ok(())),
        ("localhost,127.0.0.1", "auth", "target_session_attrs=read-write", Ok(())),
    ]);

    site.restart_with(&[("pg_hba.conf", EVERYBODY), ("postgresql.auto.conf", "")]);
    let unverified = "sslmode=prefer&sslrootcert=FOLDER/other.crt";
    site.expect(&[
        ("localhost", "auth", "sslmode=disable", Ok(())),
        ("localhost", "auth", "sslmode=allow", Ok(())),
        // With `prefer`, the connection falls back to plain text. Channel binding is then
        // impossible, because there is no certificate.
        ("localhost", "auth", unverified, Ok(())),
        ("localhost", "auth", &format!("{unverified}&channel_binding=require"), Err(NOT_TRUSTED)),
        // This address leads to the local machine, but is not recognized as local.
        ("127.1", "auth", "sslmode=disable", Err("is not encrypted")),
    ]);
}

#[test]
fn a_client_certificate_is_sent_and_others_are_refused() {
    let Some(site) = Site::start() else { return };
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name = named("postgres");
    let ours = site.authority.issue(&params);
    site.write("client.crt", &ours.certificate);
    site.write("client.key", &ours.key);
    let stranger = Authority::new("another authority").issue(&params);
    site.write("stranger.crt", &stranger.certificate);
    site.write("stranger.key", &stranger.key);

    let with = |name| format!("sslmode=require&sslcert=FOLDER/{name}.crt&sslkey=FOLDER/{name}.key");
    site.expect(&[
        ("localhost", "certified", &with("client"), Ok(())),
        ("localhost", "auth", &with("client"), Ok(())),
        ("localhost", "certified", "sslmode=require", Err("requires a valid client certificate")),
        (
            "localhost",
            "certified",
            &with("stranger"),
            Err("does not accept the client certificate"),
        ),
        ("localhost", "certified", &with("ca"), Err("cannot read")),
    ]);
}

#[test]
fn certificates_that_should_not_be_used_are_named() {
    let Some(mut site) = Site::start() else { return };
    let mut expired = for_host("localhost");
    (expired.not_before, expired.not_after) =
        (date_time_ymd(2020, 1, 1), date_time_ymd(2020, 2, 3));
    let Certified { certificate, key } = site.authority.issue(&expired);
    site.restart_with(&[("server.crt", &certificate), ("server.key", &key)]);
    site.expect(&[
        ("localhost", "auth", "sslrootcert=system", Err("it expired on 2020-02-03")),
        ("localhost", "auth", "sslmode=require", Ok(())),
    ]);

    // A certificate as in PostgreSQL's documentation: self-signed and with only a common name.
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name = named("localhost");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    site.restart_with(&[("server.crt", &certificate), ("server.key", &key.serialize_pem())]);
    site.write("server.crt", &certificate);
    site.expect(&[
        ("localhost", "auth", "sslmode=verify-full&sslrootcert=FOLDER/server.crt", Ok(())),
        (
            "127.0.0.1",
            "auth",
            "sslmode=verify-full&sslrootcert=FOLDER/server.crt",
            Err("certificate is not valid for 127.0.0.1"),
        ),
        ("localhost", "auth", "sslmode=verify-full&sslrootcert=FOLDER/ca.crt", Err("not trusted")),
    ]);
}

#[test]
fn a_server_without_tls_is_named() {
    let Some(cluster) = cluster(Cluster::start_with(&["auth"], &[], &[])) else { return };
    let site = Site {
        authority: Authority::new("the authority"),
        cluster,
        folder: tempfile::tempdir().unwrap(),
    };
    let has_none = "the server does not support TLS, which sslmode in DATABASE_URL requires";
    site.write("ca.crt", &site.authority.certificate);
    site.expect(&[
        ("localhost", "auth", "", Ok(())),
        ("localhost", "auth", "sslmode=allow", Ok(())),
        ("localhost", "auth", "sslmode=require", Err(has_none)),
        ("localhost", "auth", "sslmode=verify-full", Err(has_none)),
        ("localhost", "auth", "channel_binding=require", Err("channel_binding=require in")),
    ]);
}

#[test]
fn the_documented_commands_create_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let commands = block("docs/postgresql.md", "openssl req ").unwrap();
    let mut shell = Command::new("bash");
    let output = shell.args(["-euc", &commands]).current_dir(&folder).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let [certificate, key] = ["server.crt", "server.key"]
        .map(|name| fs::read_to_string(folder.path().join(name)).unwrap());
    let files = [
        ("server.crt", certificate.as_str()),
        ("server.key", &key),
        ("pg_hba.conf", "hostssl all all all scram-sha-256\n"),
    ];
    let Some(cluster) = cluster(Cluster::start_with(&["auth"], &["ssl=on"], &files)) else {
        return;
    };
    let site = Site { authority: Authority::new("another authority"), cluster, folder };
    let verified = "hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=FOLDER/ca.crt";
    site.expect(&[
        ("db.example.com", "auth", verified, Ok(())),
        ("localhost", "auth", verified, Err("the server's certificate is not valid for localhost")),
    ]);
}

#[test]
fn both_services_use_tls_and_warn_without_it() {
    let Some(site) = Site::start() else { return };
    let verified = "sslmode=verify-full&sslrootcert=FOLDER/ca.crt&channel_binding=require";
    let urls = ["auth", "tasks"].map(|database| site.url("localhost", database, verified));
    let (exposed, authority) = (site.url("127.1", "tasks", "sslmode=allow"), site.folder);
    let mut system = System::on(Data::Cluster(site.cluster));
    for (service, url) in [&mut system.auth, &mut system.tasks].into_iter().zip(&urls) {
        service.set_variable("DATABASE_URL", url);
    }
    system.start_services();
    let token = system.token("ada@example.com");
    let id = system.tasks_client().create_task(&token, "Buy milk").unwrap().text("id");
    assert_eq!(system.tasks_client().task(&token, &id).unwrap().status, 200);
    assert!(!system.log_of("task-service").contains("not encrypted"));

    system.tasks.stop().unwrap();
    system.data.cluster().kill_nine().unwrap();
    system.data.cluster().put("pg_hba.conf", EVERYBODY).unwrap();
    system.data.cluster().restart().unwrap();
    system.tasks.set_variable("DATABASE_URL", &exposed);
    system.start_services();
    assert_eq!(system.tasks_client().task(&token, &id).unwrap().status, 200);
    assert_eq!(system.log_of("task-service").matches("is not encrypted").count(), 1);
    drop(authority);
}
