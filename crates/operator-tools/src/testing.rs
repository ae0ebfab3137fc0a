//! An HTTP stub server with arbitrary responses, free ports, and the output of a `doctor` command.

#![expect(clippy::expect_used, reason = "a test that cannot go on should stop here")]

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::Output,
    thread,
    time::Duration,
};

/// An HTTP server on a free port, which runs until the test process ends.
#[derive(Clone, Copy, Debug)]
pub struct Stub(SocketAddr);

impl Stub {
    /// Starts the server. The closure receives the request line and headers, and returns a complete
    /// response, such as one built by the function [`answer`].
    pub fn start(answer: impl Fn(&str) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that disconnects does not fail the test.
                let _ = serve(stream, &answer);
            }
        });
        Self(address)
    }

    pub fn port(self) -> u16 {
        self.0.port()
    }

    /// Returns the origin of the server.
    pub fn url(self) -> String {
        format!("http://{}", self.0)
    }
}

fn serve(mut stream: TcpStream, answer: &impl Fn(&str) -> String) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? == 1 {
        head.extend_from_slice(&byte);
    }
    stream.write_all(answer(&String::from_utf8_lossy(&head)).as_bytes())
}

/// Returns a complete HTTP response. `headers` are lines that each end with CRLF.
pub fn answer(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
}

/// Returns a free port, which another process may take before it is used.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}

/// The output of a service's `doctor` command.
#[derive(Clone, Debug)]
pub struct Report {
    pub text: String,
    is_success: bool,
}

impl From<Output> for Report {
    fn from(output: Output) -> Self {
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        Self { text, is_success: output.status.success() }
    }
}

impl Report {
    /// Asserts that exactly one line begins with this verdict and setting, and that it contains
    /// `text`. Also asserts that the process failed if and only if a line reports a fault.
    #[track_caller]
    pub fn finds(&self, verdict: &str, setting: &str, text: &str) {
        let beginning = format!("{verdict:<6} {setting} ");
        let lines: Vec<_> = self.text.lines().filter(|line| line.starts_with(&beginning)).collect();
        assert!(lines.len() == 1, "no single {beginning:?} in\n{}", self.text);
        assert!(lines.iter().any(|line| line.contains(text)), "no {text:?} in\n{}", self.text);
        let has_fault = self.text.lines().any(|line| line.starts_with("fault"));
        assert_eq!(self.is_success, !has_fault, "{}", self.text);
    }

    /// Asserts that the process succeeded and that every line reports `ok` or `skip`.
    #[track_caller]
    pub fn is_clean(&self) {
        let is_finding = |line: &str| !line.starts_with("ok ") && !line.starts_with("skip ");
        assert!(!self.text.lines().any(is_finding) && self.is_success, "{}", self.text);
    }
}
