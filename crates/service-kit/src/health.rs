//! Checks the readiness of a running service, for the health check of a container.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::listen::{Host, ListenError};

/// Time limit for the response.
const PATIENCE: Duration = Duration::from_secs(4);
/// Maximum number of response bytes that are read.
const MAX_ANSWER: u64 = 4096;

/// Reasons why a service is not ready.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// Status and body of a response other than 200.
    #[error("not ready: {0}")]
    Answer(String),
    #[error(transparent)]
    Host(#[from] ListenError),
    #[error("no response from {0}: {1}")]
    Connection(SocketAddr, io::Error),
    #[error("no response from {0} within {PATIENCE:?}")]
    Silence(SocketAddr),
}

/// Requests `/health/ready` from the service on `host` and `port`. Returns an error unless the
/// response is `200 OK`.
pub async fn check(host: &Host, port: u16) -> Result<(), NotReady> {
    let address = SocketAddr::new(host.from_beside()?, port);
    let answer = timeout(PATIENCE, ask(address))
        .await
        .map_err(|_elapsed| NotReady::Silence(address))?
        .map_err(|error| NotReady::Connection(address, error))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.lines().next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
    match status.unwrap_or("no HTTP") {
        "200 OK" => Ok(()),
        status => Err(NotReady::Answer(format!("{status} {body}"))),
    }
}

async fn ask(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request =
        format!("GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(MAX_ANSWER).read_to_string(&mut answer).await?;
    Ok(answer)
}
