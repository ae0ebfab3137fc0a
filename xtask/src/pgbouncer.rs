//! A private `PgBouncer` in front of a server. Like the server, it refuses to run as root, so if
//! this process runs as root, the pooler runs as an unprivileged user.

use std::{
    fs, io,
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;
use url::Url;

use crate::{owner::Owner, ports, service::becomes_ready};

/// The program's path in the Debian package. Its folder is missing from some users' PATH.
const PACKAGED: &str = "/usr/sbin/pgbouncer";

/// A running pooler in transaction mode, stopped on drop.
#[derive(Debug)]
pub struct PgBouncer {
    port: u16,
    child: Child,
    _folder: TempDir,
}

impl PgBouncer {
    /// Starts a pooler in front of the server at the URL `server`. Returns a `NotFound` error if
    /// pgbouncer is not installed.
    pub fn start(server: &str) -> io::Result<Self> {
        let program = program()?;
        let server = Url::parse(server).map_err(io::Error::other)?;
        let owner = Owner::of_servers()?;
        let folder = tempfile::Builder::new().prefix("pgbouncer-").tempdir_in("/tmp")?;
        let port = ports::free()?;
        let file = folder.path().join("pgbouncer.ini");
        fs::write(&file, settings(&server, port))?;
        let log = fs::File::create(folder.path().join("log"))?;
        let mut command = Command::new(program);
        command.arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        owner.own(folder.path())?;
        owner.own(&file)?;
        owner.run(&mut command);
        let child = command.current_dir(folder.path()).spawn()?;
        let mut pooler = Self { port, child, _folder: folder };
        let address = pooler.address();
        if becomes_ready(&mut pooler.child, |_| TcpStream::connect(&address).is_ok())? {
            Ok(pooler)
        } else {
            Err(io::Error::other("PgBouncer does not start"))
        }
    }

    /// Returns the pooler's address in the form `host:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a configuration that serves every database of the server with the credentials in its
/// URL. Because of the credentials, the configuration must be in a folder that only its owner can
/// read.
fn settings(server: &Url, port: u16) -> String {
    let host = server.host_str().unwrap_or("127.0.0.1");
    format!(
        "[databases]\n\
         * = host={host} port={} user={} password={}\n\
         [pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         unix_socket_dir =\n\
         auth_type = any\n\
         pool_mode = transaction\n\
         max_client_conn = 2000\n\
         default_pool_size = 10\n\
         server_idle_timeout = 5\n",
        server.port().unwrap_or(5432),
        server.username(),
        server.password().unwrap_or_default(),
    )
}

fn program() -> io::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join("pgbouncer"))
        .chain([PACKAGED.into()])
        .find(|program| program.is_file())
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "PgBouncer is not installed"))
}
