//! Installs the programs that tests with real clients need: Python and Node with their packages,
//! browsers, proxies and libfaketime.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Result, is_ci, root,
    step::{apt_install, run, step},
    variable,
};

/// A script that exits with 0 if Node is at least the version that the packages require in
/// `engines`.
const IS_RECENT: &str = "const [major, minor] = process.versions.node.split('.').map(Number); \
                         process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)";
const RECENT_NODE: &str = "22.23.3";

/// Path of HAProxy on Debian.
const HAPROXY: &str = "/usr/sbin/haproxy";
const NGINX: &str = "/usr/sbin/nginx";

/// Path of libfaketime, relative to one of the folders in `/usr/lib`: the folder's name depends on
/// the architecture.
const FAKETIME: &str = "faketime/libfaketimeMT.so.1";

const CHROMIUM_VARIABLE: &str = "TEST_CHROMIUM";
/// Paths of Chromium in Debian's package and of Chrome in Google's.
const CHROMIUMS: [&str; 2] = ["/usr/bin/chromium", "/usr/bin/google-chrome"];

const FIREFOX_VARIABLE: &str = "TEST_FIREFOX";
/// Paths of Firefox in Debian's package and in Mozilla's.
const FIREFOXES: [&str; 2] = ["/usr/bin/firefox-esr", "/usr/bin/firefox"];

/// Installs the programs. Returns the environment variables that contain their paths for the tests.
pub(crate) fn prepare() -> Result<Vec<(&'static str, PathBuf)>> {
    let clients = root().join("e2e/clients");
    let existing_app = root().join("e2e/existing-app");
    let prepared = [
        ("TEST_FAKETIME", unless_skipped("a wrong clock", faketime())?),
        ("TEST_HAPROXY", unless_skipped("HAProxy", proxy(HAPROXY, "haproxy"))?),
        ("TEST_NGINX", unless_skipped("nginx", proxy(NGINX, "nginx"))?),
        ("TEST_PYTHON", prepare_one(&clients.join("requirements.txt"), python)?),
        ("TEST_NODE", prepare_one(&clients.join("package-lock.json"), node)?),
        (CHROMIUM_VARIABLE, prepare_one(&existing_app.join("package-lock.json"), chromium)?),
        (FIREFOX_VARIABLE, unless_skipped("Firefox", firefox())?),
    ];
    Ok(prepared.into_iter().filter_map(|(name, path)| Some((name, path?))).collect())
}

/// Runs `prepare` for the packages in the file `list`. Returns `None` if the file does not exist or
/// the tests that need the packages are skipped.
fn prepare_one(list: &Path, prepare: fn(&Path) -> Result<PathBuf>) -> Result<Option<PathBuf>> {
    if !list.exists() {
        return Ok(None);
    }
    unless_skipped(&format!("clients of {}", list.display()), prepare(list))
}

/// Outside CI, turns an error into `None` and prints that the tests are skipped.
fn unless_skipped(what: &str, prepared: Result<PathBuf>) -> Result<Option<PathBuf>> {
    match prepared {
        Err(error) if !is_ci() => {
            println!("skipped: the tests with {what} ({error})");
            Ok(None)
        }
        prepared => prepared.map(Some),
    }
}

/// Returns the path of a proxy after installing its Debian package if necessary.
fn proxy(path: &str, package: &str) -> Result<PathBuf> {
    let path = Path::new(path);
    if !path.exists() {
        apt_install(&[package])?;
    }
    Ok(path.to_owned())
}

/// Returns the path of the library that changes a process's clock, after installing its Debian
/// package if necessary.
fn faketime() -> Result<PathBuf> {
    let find = || -> Result<_> {
        let mut folders = fs::read_dir("/usr/lib")?.filter_map(std::result::Result::ok);
        Ok(folders.find_map(|folder| Some(folder.path().join(FAKETIME)).filter(|it| it.exists())))
    };
    if let Some(library) = find()? {
        return Ok(library);
    }
    apt_install(&["libfaketime"])?;
    find()?.ok_or_else(|| "libfaketime is installed, but was not found".into())
}

/// Creates a virtual environment with the Python packages in the file `requirements`, unless it is
/// up to date. Returns the path of its interpreter.
pub(crate) fn python(requirements: &Path) -> Result<PathBuf> {
    let home = root().join("target/test-python");
    let python = home.join("bin/python");
    once_per_change(requirements, &home.join("installed"), "install the Python packages", || {
        virtual_environment(&home)?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        run(Command::new(&python).args(pip).arg(requirements))
    })?;
    Ok(python)
}

fn virtual_environment(home: &Path) -> Result {
    let make = || run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(home));
    make().or_else(|_| apt_install(&["python3-venv"]).and_then(|()| make()))
}

fn node(lock: &Path) -> Result<PathBuf> {
    let node = recent_node()?;
    let folder = lock.with_file_name("");
    let installed = folder.join("node_modules/.installed");
    once_per_change(lock, &installed, "install the Node packages", || {
        run(npm("ci").current_dir(&folder))
    })?;
    Ok(node)
}

/// Returns the path of the installed Node. If it is missing or too old for the packages, installs a
/// newer one from the npm registry.
fn recent_node() -> Result<PathBuf> {
    if run(Command::new("node").args(["--eval", IS_RECENT])).is_ok() {
        return Ok("node".into());
    }
    let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    let package = format!("node-linux-{machine}");
    let home = root().join("target/test-node");
    let node = home.join("node_modules").join(&package).join("bin/node");
    if !node.exists() {
        step("install a recent Node", || {
            let version = format!("{package}@{RECENT_NODE}");
            run(npm("install").args(["--no-save", "--prefix"]).arg(&home).arg(version))
        })?;
    }
    Ok(node)
}

fn npm(verb: &str) -> Command {
    let mut npm = Command::new("npm");
    npm.args([verb, "--no-audit", "--no-fund", "--loglevel=error"]);
    npm
}

/// Installs the packages of the web apps that are tested with Chromium, and returns the path of
/// Chromium.
fn chromium(lock: &Path) -> Result<PathBuf> {
    node(lock)?;
    for folder in ["frontend", "e2e/page", "examples/nextjs"] {
        node(&root().join(folder).join("package-lock.json"))?;
    }
    browser(CHROMIUM_VARIABLE, &CHROMIUMS, "chromium")
}

fn firefox() -> Result<PathBuf> {
    browser(FIREFOX_VARIABLE, &FIREFOXES, "firefox-esr")
}

/// Returns the path of a browser: from the environment variable, from the usual paths, or from a
/// Debian package that it installs.
fn browser(variable_name: &str, paths: &[&str], package: &str) -> Result<PathBuf> {
    if let Some(given) = variable(variable_name) {
        return Ok(given.into());
    }
    let find = || paths.iter().map(PathBuf::from).find(|path| path.exists());
    if let Some(found) = find() {
        return Ok(found);
    }
    apt_install(&[package])?;
    find().ok_or_else(|| format!("the installed {package} cannot be found").into())
}

/// Calls `install` and copies the file `list` to `stamp`, unless both files are already the same.
fn once_per_change(
    list: &Path,
    stamp: &Path,
    what: &str,
    install: impl FnOnce() -> Result,
) -> Result {
    let wanted = fs::read(list)?;
    if fs::read(stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    step(what, install)?;
    Ok(fs::write(stamp, wanted)?)
}
