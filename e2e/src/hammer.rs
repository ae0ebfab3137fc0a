//! Clients that send requests without pause on keep-alive connections. A request without a complete
//! response counts as lost, and nothing is retried.

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
/// Time limit for a response. It is generous, because only a failing test waits that long.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: &'static str,
    pub path: String,
    pub bearer: String,
    pub body: String,
}

/// The response to a [`Request`], without headers.
#[derive(Clone, Debug)]
pub struct Strike {
    pub status: u16,
    pub body: String,
    /// Whether the server announces that it closes the connection after this response.
    pub is_last: bool,
}

/// An HTTP/1.1 connection (RFC 9112) for consecutive requests.
#[derive(Debug)]
pub struct Connection(BufReader<TcpStream>);

impl Connection {
    /// Connects to `url`, which consists of `http://`, a host and a port.
    pub fn open(url: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(url.trim_start_matches("http://"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(BufReader::new(stream)))
    }

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

    /// Reads a line, without its line break.
    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.0.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}

/// Counter of the successful responses received so far.
#[derive(Debug, Default)]
pub struct Strikes(AtomicUsize);

impl Strikes {
    /// Waits for `count` more successful responses.
    pub fn wait_for(&self, count: usize) {
        let goal = self.0.load(Ordering::Relaxed) + count;
        wait_until("requests are answered", || self.0.load(Ordering::Relaxed) >= goal);
    }
}

/// The failures during a call of the function `hammer`.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Lost requests and unsuccessful responses.
    pub failures: Vec<String>,
    /// Number of clients that stopped because they could not connect.
    pub turned_away: usize,
}

/// Sends requests from several clients until `during` returns. `request` creates each request from
/// its number.
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
