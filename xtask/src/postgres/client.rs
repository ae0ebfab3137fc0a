//! Additional clients of a cluster, each a `psql` process.

use std::{
    io::{self, Read as _, Write as _},
    process::{Child, Command, Stdio},
};

use super::Cluster;

impl Cluster {
    /// Locks a table exclusively in another client until the returned value is dropped.
    pub fn lock_table(&self, database: &str, table: &str) -> io::Result<OpenTransaction> {
        self.begin(database, &format!("LOCK TABLE {table}"))
    }

    /// Runs statements in a transaction of another client, and keeps the transaction open.
    pub fn begin(&self, database: &str, statements: &str) -> io::Result<OpenTransaction> {
        let mut client = self.client(database);
        client.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut transaction = OpenTransaction(client.spawn()?);
        // The transaction stays open while the client waits for standard input.
        transaction.run(&format!("BEGIN; {statements};"))?;
        Ok(transaction)
    }

    /// Runs a statement in another client, and returns its output: one line per row, with columns
    /// separated by `|`.
    pub fn query(&self, database: &str, statement: &str) -> io::Result<String> {
        let output = self.client(database).args(["--command", statement]).output()?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
        } else {
            Err(io::Error::other(String::from_utf8_lossy(&output.stderr)))
        }
    }

    fn client(&self, database: &str) -> Command {
        let mut client = Command::new("psql");
        client
            .args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only"])
            .args(["--set", "ON_ERROR_STOP=1"])
            .arg(self.url_of(database));
        client
    }
}

/// A transaction of another client. Unless it is committed, it is rolled back on drop.
#[derive(Debug)]
pub struct OpenTransaction(Child);

impl OpenTransaction {
    pub fn commit(mut self) -> io::Result<()> {
        self.run("COMMIT;")
    }

    /// Runs statements, and waits until they are done.
    fn run(&mut self, statements: &str) -> io::Result<()> {
        const DONE: &str = "done\n";
        if let (Some(input), Some(output)) = (&mut self.0.stdin, &mut self.0.stdout) {
            input.write_all(format!("{statements} \\! echo done\n").as_bytes())?;
            output.read_exact(&mut [0; DONE.len()])?;
        }
        Ok(())
    }
}

impl Drop for OpenTransaction {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
