//! HAProxy as a load balancer that checks the readiness of replicas, and sends requests only to
//! ready ones.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use xtask::{ports, service::Service};

use crate::{node::tool, wait_until};

const PROGRAM_VARIABLE: &str = "TEST_HAPROXY";

/// A running HAProxy, stopped on drop.
#[derive(Debug)]
pub struct Balancer {
    pub url: String,
    statistics_url: String,
    child: Child,
}

impl Balancer {
    /// Starts HAProxy in front of the replicas, and waits until it considers all of them available.
    /// Returns `None` if [`tool`] finds no `TEST_HAPROXY`.
    pub fn start(folder: &Path, replicas: &[&Service]) -> Option<Self> {
        let program = tool(PROGRAM_VARIABLE)?;
        let [port, statistics] = [(); 2].map(|()| ports::free().expect("a port is free"));
        let servers = replicas.iter().fold(String::new(), |servers, replica| {
            let address = replica.url.trim_start_matches("http://");
            servers + &format!("  server {address} {address}\n")
        });
        let settings = format!(
            "defaults\n  mode http\n  timeout connect 10s\n  timeout check 10s\n  timeout client 1m\n\
             \x20 timeout server 1m\nfrontend public\n  bind 127.0.0.1:{port}\n  default_backend replicas\n\
             frontend statistics\n  bind 127.0.0.1:{statistics}\n  stats enable\n  stats uri /\n\
             backend replicas\n  option httpchk GET /health/ready\n\
             \x20 default-server check inter 100ms fall 1 rise 1\n{servers}"
        );
        let file = folder.join("haproxy.cfg");
        fs::write(&file, settings).expect("a file can be written");
        let child = Command::new(program)
            .arg("-f")
            .arg(file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("HAProxy can be started");
        let [url, statistics_url] =
            [port, statistics].map(|port| format!("http://127.0.0.1:{port}"));
        let balancer = Self { url, statistics_url, child };
        for replica in replicas {
            balancer.wait_for(replica);
        }
        Some(balancer)
    }

    /// Waits until HAProxy considers a replica available.
    pub fn wait_for(&self, replica: &Service) {
        let name = replica.url.trim_start_matches("http://");
        wait_until("the proxy sees the replica", || self.status(name).as_deref() == Some("UP"));
    }

    /// Returns a server's status, such as `UP`, from HAProxy's statistics.
    fn status(&self, server: &str) -> Option<String> {
        let url = format!("{}/;csv", self.statistics_url);
        let table = ureq::get(url).call().ok()?.body_mut().read_to_string().ok()?;
        let mut lines = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let column = lines.next()?.iter().position(|name| *name == "status")?;
        let line = lines.find(|line| line.get(1) == Some(&server))?;
        line.get(column).map(|status| (*status).to_owned())
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
