//! Clients on keep-alive connections that never rest. They take nothing for granted: a request that
//! was sent and not answered in full is lost, and nothing is sent twice.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::scope,
    time::Duration,
};

use crate::{load::OnDrop, wait_until};

const CLIENTS: usize = 8;
/// Long: only a server that does not answer waits for it.
const PATIENCE: Duration = Duration::from_mins(1);

/// What to send: method, path, bearer and JSON.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: &'static str,
    pub path: String,
    pub bearer: String,
    pub body: String,
}

/// How a request was answered.
#[derive(Clone, Debug)]
pub struct Strike {
    pub status: u16,
    pub body: String,
    /// Whether the server wants to see no other on this connection.
    pub is_last: bool,
}

/// An HTTP/1.1 connection (RFC 9112), for one request after the other.
#[derive(Debug)]
pub struct Connection(BufReader<TcpStream>);

impl Connection {
    /// `url`: `http://` and an address.
    pub fn open(url: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(url.trim_start_matches("http://"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends a request and reads the answer to its end.
    pub fn send(&mut self, request: &Request) -> io::Result<Strike> {
        let Request { method, path, bearer, body } = request;
        let length = body.len();
        let bytes = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {bearer}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        self.0.get_mut().write_all(bytes.as_bytes())?;

        let status_line = self.line()?;
        let status = status_line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(format!("{status_line:?}")))?;
        let (mut length, mut is_last) = (0, false);
        loop {
            let line = self.line()?.to_lowercase();
            match line.split_once(": ") {
                Some(("content-length", value)) => length = value.parse().unwrap_or_default(),
                Some(("connection", value)) => is_last = value == "close",
                Some(("transfer-encoding", _)) => return Err(io::Error::other("chunked")),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok(Strike { status, body: String::from_utf8_lossy(&body).into_owned(), is_last })
    }

    /// Without its end.
    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.0.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}

/// How often there was an answer so far.
#[derive(Debug, Default)]
pub struct Strikes(AtomicUsize);

impl Strikes {
    /// Waits until there are `count` more.
    pub fn wait_for(&self, count: usize) {
        let goal = self.0.load(Ordering::Relaxed) + count;
        wait_until("requests are answered", || self.0.load(Ordering::Relaxed) >= goal);
    }
}

/// What came of it all.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Requests that were sent and not answered, and answers that are no success.
    pub failures: Vec<String>,
    /// Clients who could not connect any more, and went.
    pub turned_away: usize,
}

/// Sends requests from several clients, each with numbers of its own, until `during` is over.
pub fn hammer(
    url: &str,
    request: impl Fn(usize) -> Request + Sync,
    during: impl FnOnce(&Strikes),
) -> Outcome {
    let (strikes, outcome) = (Strikes::default(), Mutex::new(Outcome::default()));
    let (next, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let client = || {
        while !is_over.load(Ordering::Relaxed) {
            let Ok(mut connection) = Connection::open(url) else {
                outcome.lock().expect("no client has panicked").turned_away += 1;
                return;
            };
            while !is_over.load(Ordering::Relaxed) {
                let request = request(next.fetch_add(1, Ordering::Relaxed));
                let failure = match connection.send(&request) {
                    Ok(Strike { status: 200..300, is_last, .. }) => {
                        strikes.0.fetch_add(1, Ordering::Relaxed);
                        if is_last {
                            break;
                        }
                        continue;
                    }
                    failure => format!("{} {}: {failure:?}", request.method, request.path),
                };
                outcome.lock().expect("no client has panicked").failures.push(failure);
                break;
            }
        }
    };
    scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(client);
        }
        let _ends_the_clients = OnDrop(&is_over);
        during(&strikes);
    });
    outcome.into_inner().expect("no client has panicked")
}
