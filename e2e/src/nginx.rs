//! nginx, with the settings of a test.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use xtask::ports;

use crate::{System, node::tool, wait_until};

const PROGRAM_VARIABLE: &str = "TEST_NGINX";

/// nginx in front of both services.
#[derive(Debug)]
pub struct Nginx {
    pub auth_url: String,
    pub tasks_url: String,
    _process: NginxProcess,
}

impl Nginx {
    /// Starts nginx, which forwards requests whose path begins with `prefix` (`/` for all
    /// requests) and removes the prefix. `settings` apply to both services. Returns `None` if
    /// [`tool`] finds no `TEST_NGINX`.
    pub fn start(system: &System, prefix: &str, settings: &str) -> Option<Self> {
        let [auth, tasks] = [(); 2].map(|()| ports::free().expect("a port is free"));
        let site = |port: u16, upstream: &str| {
            format!(
                "server {{ listen 127.0.0.1:{port}; location {prefix} {{ {settings} \
                 proxy_pass {upstream}/; }} }}\n"
            )
        };
        let sites = [site(auth, &system.auth.url), site(tasks, &system.tasks.url)].concat();
        let process = NginxProcess::start(system.folder(), &sites)?;
        let url = |port| format!("http://127.0.0.1:{port}{}", prefix.trim_end_matches('/'));
        let nginx = Self { auth_url: url(auth), tasks_url: url(tasks), _process: process };
        for url in [&nginx.auth_url, &nginx.tasks_url] {
            let health = format!("{url}/health/live");
            wait_until("nginx passes requests on", || ureq::get(&health).call().is_ok());
        }
        Some(nginx)
    }
}

/// A running nginx, stopped on drop.
#[derive(Debug)]
pub struct NginxProcess(Child);

impl NginxProcess {
    /// Starts nginx with the `server` blocks in `sites`, and with its files below `folder`. Returns
    /// `None` if [`tool`] finds no `TEST_NGINX`.
    pub fn start(folder: &Path, sites: &str) -> Option<Self> {
        let program = tool(PROGRAM_VARIABLE)?;
        let folder = tempfile::Builder::new().prefix("nginx").tempdir_in(folder);
        let folder = folder.expect("a temporary folder can be made").keep();
        let folder = folder.display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {folder}/{name};"))
            .concat();
        // nginx ignores `user` unless root starts it.
        let configuration = format!(
            "user root; daemon off; pid {folder}/pid; error_log {folder}/error.log;\n\
             events {{}}\n\
             http {{\n{temporary}\naccess_log off;\n\
             proxy_http_version 1.1; proxy_set_header Connection \"\";\n\
             proxy_cache_path {folder}/cache keys_zone=cache:1m;\n\
             {sites}\n}}\n"
        );
        let file = format!("{folder}/nginx.conf");
        fs::write(&file, configuration).expect("a file can be written");
        let child = Command::new(program)
            .args(["-e", &format!("{folder}/error.log"), "-c", &file])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx can be started");
        Some(Self(child))
    }
}

impl Drop for NginxProcess {
    fn drop(&mut self) {
        // SIGTERM also stops the workers, which would survive a SIGKILL of the master.
        let pid = rustix::process::Pid::from_child(&self.0);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.0.wait();
    }
}
