//! What the tests with real clients need: a Python and a Node with their packages.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Result, is_ci, root,
    step::{apt_install, run, step},
};

/// The variables that tell the tests where the interpreters are.
pub(crate) fn prepare() -> Result<Vec<(&'static str, PathBuf)>> {
    let clients = root().join("e2e/clients");
    let prepared = [
        ("TEST_PYTHON", prepare_one(&clients.join("requirements.txt"), python)?),
        ("TEST_NODE", prepare_one(&clients.join("package-lock.json"), node)?),
    ];
    Ok(prepared.into_iter().filter_map(|(name, path)| Some((name, path?))).collect())
}

/// The interpreter for the packages in `list`; `None` if there is no list, or if the tests that
/// need it are skipped.
fn prepare_one(list: &Path, prepare: fn(&Path) -> Result<PathBuf>) -> Result<Option<PathBuf>> {
    if !list.exists() {
        return Ok(None);
    }
    match prepare(list) {
        Err(error) if !is_ci() => {
            println!("skipped: the tests with clients of {} ({error})", list.display());
            Ok(None)
        }
        prepared => prepared.map(Some),
    }
}

fn python(requirements: &Path) -> Result<PathBuf> {
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
    let folder = lock.with_file_name("");
    run(Command::new("node").args(["--eval", ""]))?;
    let installed = folder.join("node_modules/.installed");
    once_per_change(lock, &installed, "install the Node packages", || {
        let ci = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
        run(Command::new("npm").args(ci).current_dir(&folder))
    })?;
    Ok("node".into())
}

/// Installs what `list` names, unless `stamp` shows that this was already done.
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
