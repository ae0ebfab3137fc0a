//! Tests of URLs, and of direct TLS negotiation, which PostgreSQL 17 introduced.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use super::{PostgresUrl, Session, connect};

/// Returns the error from parsing a URL.
fn refusal(url: &str) -> String {
    url.parse::<PostgresUrl>().expect_err(url).to_string()
}

#[test]
fn urls_of_providers_are_accepted() {
    for url in [
        "postgres://ada:pw@127.0.0.1:5432/auth",
        "postgresql://ada:p%40ss%2Fw@db.example.com/auth",
        "postgresql://u:p@ep-x-1-pooler.eu-central-1.aws.neon.tech/db?sslmode=require&channel_binding=require",
        "postgresql://u:p@x.rds.amazonaws.com:5432/db?sslmode=require",
        "postgres://u:p@x.postgres.database.azure.com:5432/db?sslmode=verify-full&sslrootcert=system",
        "postgresql://postgres.ref:p@aws-0-eu-central-1.pooler.supabase.com:6543/postgres",
        "postgres://app@h1:1,h2:2/tasks?target_session_attrs=read-write",
        "postgres://app@h1,h2/tasks?target_session_attrs=primary&load_balance_hosts=random",
        "postgres:///auth?host=/run/postgresql&user=ada",
        "postgres://ada:p?w@[::1]:5433/auth?connect_timeout=3&keepalives_count=4&gssencmode=disable",
        "postgres://ada@db/auth?options=-c%20search_path%3Dtasks",
        "postgres://ada@db/auth?sslmode=require&sslnegotiation=direct",
    ] {
        let parsed = url.parse::<PostgresUrl>();
        assert!(parsed.is_ok(), "{url}: {:?}", parsed.err());
    }
}

#[test]
fn urls_of_other_programs_are_refused_with_a_correction() {
    for (url, part, advice) in [
        ("postgresql+asyncpg://u:hidden@h/db", "postgresql+asyncpg://", "write postgresql://"),
        ("postgresql+psycopg://u:hidden@h/db", "postgresql+psycopg://", "write postgresql://"),
        ("jdbc:postgresql://h/db?password=hidden", "jdbc:postgresql:", "write postgres://"),
        ("\"postgres://u:hidden@h/db\"", "quotation marks", "without them"),
        ("'postgres://u:hidden@h/db'", "quotation marks", "without them"),
        (" postgres://u:hidden@h/db", "spaces", "without them"),
        ("psql 'postgres://u:hidden@h/db'", "is a command", "without psql"),
        ("host=h password=hidden dbname=db", "is a list of settings", "write postgres://"),
        ("mysql://u:hidden@h/db", "expected", "postgres://user:password@host/database"),
        ("postgres://u:hidden@h/db?schema=public", "schema=public", "DATABASE_SCHEMA"),
        ("postgres://u:hidden@h/db?pgbouncer=true", "pgbouncer=true", "leave it out"),
        ("postgres://u:hidden@h/db?connection_limit=1", "connection_limit=1", "leave it out"),
        ("postgres://u:hidden@h/db?sslmode=no-verify", "sslmode=no-verify", "use sslmode=require"),
        ("postgres://u:hidden@h/db?sslmode=VERIFY_CA", "sslmode=VERIFY_CA", "verify-full"),
        ("postgres://u:hidden@h/db?ssl=true", "ssl=true", "sslmode=verify-full"),
        ("postgres://u:hidden@h/db?sslpassword=hidden", "sslpassword=", "sslkey"),
        ("postgres://u:hidden@h/db?statement_timeout=5", "statement_timeout", "options=-c"),
        ("postgres://u:hidden@h/db?sslrootcrt=x", "\"sslrootcrt\"", "unsupported"),
        ("postgres://u:hidden@h/db?sslmode", "\"sslmode\"", "no value"),
        ("postgres://u:hidden@h/db?port=x", "port", "invalid"),
        ("postgres://u:pass?hidden", "without a value", "invalid"),
        ("postgres://u:hid@den@h/db", "an @", "%40"),
        ("postgres://u:[YOUR-PASSWORD]@h/db", "placeholder", "write the password"),
        ("postgres://h/db?password=a&hidden=b", "follows password", "%26"),
        ("postgres://h/db?password=a&hidden", "follows password", "%26"),
        ("postgres://u:hidden@/db", "has no host", "expected"),
        ("postgres://u@h/db?sslnegotiation=direct", "sslnegotiation=direct", "sslmode=require"),
        ("postgres://u@h/db?sslmode=verify-ca", "sslmode=verify-ca", "sslrootcert=PATH"),
        (
            "postgres://u@h/db?sslmode=require&sslrootcert=system",
            "sslrootcert=system",
            "verify-full",
        ),
        ("postgres://u@h/db?sslcert=a", "sslcert", "sslkey=PATH"),
        ("postgres://u@h/db?sslmode=disable&channel_binding=require", "channel_binding", "disable"),
        ("postgres://u@h/db?target_session_attrs=master", "target_session_attrs=master", "primary"),
    ] {
        let refusal = refusal(url);
        assert!(refusal.contains(part) && refusal.contains(advice), "{url}: {refusal}");
        assert!(!refusal.contains("hid"), "{url}: {refusal}");
    }
}

#[tokio::test]
async fn direct_negotiation_starts_with_tls_and_the_protocols_name() {
    let server = DirectServer::start().await;
    let url = format!("postgres://ada@localhost:{}/db?sslmode=require", server.address.port());

    let direct: PostgresUrl = format!("{url}&sslnegotiation=direct").parse().unwrap();
    // The server accepts the startup message and closes the connection, so connecting fails
    // although TLS was negotiated.
    assert!(connect(&direct, Session::Diagnosis).await.is_err());
    assert_eq!(server.started.load(Ordering::SeqCst), 1);

    let asks_first: PostgresUrl = url.parse().unwrap();
    let error = connect(&asks_first, Session::Diagnosis).await.err().unwrap();
    assert!(error.to_string().contains("cannot connect to PostgreSQL at localhost:"), "{error}");
    assert_eq!(server.started.load(Ordering::SeqCst), 1);
}

/// A server that expects TLS from the first byte with the ALPN protocol `postgresql`, accepts the
/// startup message, and then closes the connection.
struct DirectServer {
    address: SocketAddr,
    /// Number of clients that sent the startup message.
    started: Arc<AtomicUsize>,
}

impl DirectServer {
    async fn start() -> Self {
        let names = vec!["localhost".to_owned()];
        let signed = rcgen::generate_simple_self_signed(names).unwrap();
        let certificate = CertificateDer::from_pem_slice(signed.cert.pem().as_bytes()).unwrap();
        let key = signed.signing_key.serialize_pem();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let started = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&started);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if Self::serve(&acceptor, stream).await.is_ok() {
                    counter.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        Self { address, started }
    }

    async fn serve(acceptor: &TlsAcceptor, stream: TcpStream) -> io::Result<()> {
        let mut stream = acceptor.accept(stream).await?;
        if stream.get_ref().1.alpn_protocol() != Some(b"postgresql") {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let length = stream.read_u32().await?;
        let mut rest = vec![0; usize::try_from(length).unwrap_or_default().saturating_sub(4)];
        stream.read_exact(&mut rest).await?;
        // AuthenticationOk and ReadyForQuery.
        stream.write_all(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I").await?;
        stream.flush().await?;
        stream.shutdown().await
    }
}
