//! A MariaDB server of a test's own: started in a directory, on a port of the loopback, ended with the value.

use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder};
use protector_core::store::DatabaseServer;
use protector_core::{Error, Result};
use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longest time that a server may take to start.
const START: Duration = Duration::from_secs(60);

/// A server that runs.
#[derive(Debug)]
pub struct TestDatabaseServer {
    directory: TempDir,
    program: PathBuf,
    port: u16,
    options: Vec<String>,
    process: Option<Child>,
}

/// Where the server's program is, if it is installed.
pub fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/libexec".into()]);
    directories.map(|directory| directory.join("mariadbd")).find(|program| program.is_file())
}

impl TestDatabaseServer {
    /// Starts one, with options beside the usual ones. `None`: not installed, which is an error where
    /// `PROTECTOR_TEST_REQUIRE_MARIADB` is set.
    ///
    /// # Errors
    /// it does not start → `Internal` with its log.
    pub fn start(options: &[&str]) -> Result<Option<Self>> {
        let Some(program) = program() else {
            return match std::env::var_os("PROTECTOR_TEST_REQUIRE_MARIADB") {
                Some(_) => Err(Error::internal("mariadbd is not installed, and this run must not skip it")),
                None => Ok(None),
            };
        };
        let directory = tempfile::tempdir().map_err(failed)?;
        let data = directory.path().join("data");
        // in a directory that two servers share they take away each other's files
        let installed = Command::new("mariadb-install-db")
            .env("TMPDIR", directory.path())
            .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--user=root"])
            .arg(format!("--datadir={}", data.display()))
            .output()
            .map_err(failed)?;
        if !installed.status.success() {
            return Err(Error::internal(String::from_utf8_lossy(&installed.stderr)));
        }
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let mut server = Self { directory, program, port: free_port()?, options, process: None };
        // a port that was free may be somebody else's by now
        for _ in 0..2 {
            if server.restart().is_ok() {
                return Ok(Some(server));
            }
            server.port = free_port()?;
        }
        server.restart()?;
        Ok(Some(server))
    }

    /// Starts it again on what it had, after its end if it runs, and waits until it answers.
    ///
    /// # Errors
    /// as [`TestDatabaseServer::start`].
    pub fn restart(&mut self) -> Result<()> {
        self.kill();
        let at = |name: &str| self.directory.path().join(name);
        let log = File::create(at("log")).map_err(failed)?;
        let process = Command::new(&self.program)
            .env("TMPDIR", self.directory.path())
            .args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve", "--innodb-buffer-pool-size=32M"])
            .args(["--innodb-log-file-size=16M", "--max-allowed-packet=64M", "--skip-log-bin", "--user=root"])
            .arg(format!("--datadir={}", at("data").display()))
            .arg(format!("--socket={}", at("socket").display()))
            .arg(format!("--pid-file={}", at("pid").display()))
            .arg(format!("--port={}", self.port))
            .args(&self.options)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(failed)?;
        self.process = Some(process);
        let deadline = Instant::now() + START;
        while self.root().and_then(|mut root| root.query_drop("SELECT 1").map_err(failed)).is_err() {
            let has_ended = self.process.as_mut().is_some_and(|process| !matches!(process.try_wait(), Ok(None)));
            if has_ended || Instant::now() >= deadline {
                let log = std::fs::read_to_string(at("log")).unwrap_or_default();
                return Err(Error::internal(format!("the server did not start:\n{log}")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// A new, empty database, and how to reach it.
    ///
    /// # Errors
    /// the server does not answer → `Internal`.
    pub fn database(&self, name: &str) -> Result<DatabaseServer> {
        self.run(&format!("CREATE DATABASE `{name}`"))?;
        self.reached("root", name)
    }

    /// How `user`, with or without `:password`, reaches `path`: a database, with or without options.
    ///
    /// # Errors
    /// not a part of a URL → `InvalidConfiguration`.
    pub fn reached(&self, user: &str, path: &str) -> Result<DatabaseServer> {
        DatabaseServer::parse(&format!("mysql+pymysql://{user}@127.0.0.1:{}/{path}", self.port))
    }

    /// Runs statements as the administrator of the server.
    ///
    /// # Errors
    /// the server does not answer, or refuses one → `Internal`.
    pub fn run(&self, statements: &str) -> Result<()> {
        let mut root = self.root()?;
        statements.split(';').filter(|s| !s.trim().is_empty()).try_for_each(|s| root.query_drop(s).map_err(failed))
    }

    /// The first column of what a question finds.
    ///
    /// # Errors
    /// the server does not answer, or refuses it → `Internal`.
    pub fn query(&self, question: &str) -> Result<Vec<String>> {
        self.root()?.query(question).map_err(failed)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Ends every connection but the one that asks.
    ///
    /// # Errors
    /// the server does not answer → `Internal`.
    pub fn drop_connections(&self) -> Result<()> {
        let mut root = self.root()?;
        let others = "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user = 'root'";
        for id in root.query::<u64, _>(others).map_err(failed)? {
            // gone by itself in the meantime
            let _ = root.query_drop(format!("KILL CONNECTION {id}"));
        }
        Ok(())
    }

    fn root(&self) -> Result<Conn> {
        let socket = self.directory.path().join("socket");
        let options = OptsBuilder::new().user(Some("root")).socket(Some(socket.to_string_lossy())).prefer_socket(true);
        Conn::new(options).map_err(failed)
    }
}

fn free_port() -> Result<u16> {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    Ok(free.map_err(failed)?.port())
}

fn failed(e: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal(format!("the test's database server: {e}")).source(e)
}

impl Drop for TestDatabaseServer {
    fn drop(&mut self) {
        self.kill();
    }
}
