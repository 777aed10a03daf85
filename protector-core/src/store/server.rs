//! Where a server is, as oslo.db writes it: `mysql+pymysql://user:password@host:port/database?charset=utf8mb4`.

use crate::{Error, Result};
use percent_encoding::percent_decode_str;
use std::fmt;
use std::path::PathBuf;
use url::Url;
use zeroize::Zeroizing;

const DEFAULT_PORT: u16 = 3306;

/// A database on a MariaDB or MySQL server. Prints without the password.
///
/// ```
/// use protector_core::store::DatabaseServer;
/// let server = DatabaseServer::parse("mysql+pymysql://protector:secret@db.example/protector?charset=utf8mb4")?;
/// assert_eq!(server.to_string(), "mysql://protector@db.example:3306/protector");
/// # Ok::<(), protector_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseServer {
    /// Host by name or address; not used where there is a socket.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Socket of a server on this machine, instead of host and port.
    pub socket: Option<PathBuf>,
    /// Who connects.
    pub user: String,
    pub(super) password: Zeroizing<String>,
    /// Database by name.
    pub database: String,
    /// The connection is encrypted, and this file has the authority that signed the server's certificate.
    pub ca_file: Option<PathBuf>,
}

impl DatabaseServer {
    /// Reads a connection. The driver behind the `+` does not matter.
    ///
    /// # Errors
    /// another scheme, no user, host or database, an unknown option on encryption → `InvalidConfiguration`. The password is
    /// never part of the message.
    pub fn parse(connection: &str) -> Result<Self> {
        let unfit = |why: &str| {
            Error::configuration(format!("[database] connection {why}"))
                .remedy("use mysql+pymysql://<user>:<password>@<host>[:<port>]/<database>?charset=utf8mb4")
        };
        let url = Url::parse(connection).map_err(|_| unfit("is not a URL"))?;
        let dialect = url.scheme().split('+').next().unwrap_or_default();
        if !matches!(dialect, "mysql" | "mariadb") {
            return Err(unfit(&format!("has scheme '{}'", url.scheme())));
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(|text| text.into_owned());
        let decoded =
            |text: &str, what: &str| decoded(text).map_err(|_| unfit(&format!("has a {what} that is not text")));
        let mut server = Self {
            host: url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(DEFAULT_PORT),
            socket: None,
            user: decoded(url.username(), "user")?,
            password: Zeroizing::new(decoded(url.password().unwrap_or_default(), "password")?),
            database: decoded(url.path().trim_start_matches('/'), "database")?,
            ca_file: None,
        };
        for (name, value) in url.query_pairs() {
            match &*name {
                "unix_socket" => server.socket = Some(PathBuf::from(&*value)),
                "ssl_ca" => server.ca_file = Some(PathBuf::from(&*value)),
                // whoever asked for more than we do must not get less
                name if name.starts_with("ssl") => {
                    return Err(unfit(&format!("has the option '{name}', which is not known")));
                }
                _ => {}
            }
        }
        if server.host.is_empty() && server.socket.is_none() {
            return Err(unfit("names no host"));
        }
        if server.user.is_empty() {
            return Err(unfit("names no user"));
        }
        if server.database.is_empty() {
            return Err(unfit("names no database"));
        }
        Ok(server)
    }
}

impl fmt::Display for DatabaseServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, socket, user, database, .. } = self;
        match socket {
            Some(socket) => write!(f, "mysql://{user}@{}/{database}", socket.display()),
            None if host.contains(':') => write!(f, "mysql://{user}@[{host}]:{port}/{database}"),
            None => write!(f, "mysql://{user}@{host}:{port}/{database}"),
        }
    }
}

impl fmt::Debug for DatabaseServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseServer({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_read_as_oslo_db_writes_them() {
        let plain = "mysql+pymysql://protector:p%40ss@db/protector?charset=utf8mb4";
        let encrypted = "mysql+pymysql://u:p@[::1]:3307/d?ssl_ca=/etc/ca.pem&plugin=dbcounter";
        let local = "mariadb://u@localhost/d?unix_socket=/run/mysqld/mysqld.sock";
        for (connection, shown, password, ca_file) in [
            (plain, "mysql://protector@db:3306/protector", "p@ss", None),
            (encrypted, "mysql://u@[::1]:3307/d", "p", Some("/etc/ca.pem")),
            (local, "mysql://u@/run/mysqld/mysqld.sock/d", "", None),
        ] {
            let server = DatabaseServer::parse(connection).unwrap();
            assert_eq!((server.to_string().as_str(), server.password.as_str()), (shown, password));
            assert_eq!(server.ca_file, ca_file.map(PathBuf::from));
            assert!(!format!("{server:?}").contains("p@ss"));
        }
    }

    #[test]
    fn what_is_missing_is_named_and_the_password_is_not() {
        for (connection, why) in [
            ("postgresql://u:hidden@h/d", "scheme 'postgresql'"),
            ("mysql://:hidden@h/d", "no user"),
            ("mysql://u:hidden@h", "no database"),
            ("mysql://u:hidden@h/d?ssl_verify_identity=1", "'ssl_verify_identity'"),
            ("hidden", "not a URL"),
        ] {
            let refused = DatabaseServer::parse(connection).unwrap_err().to_string();
            assert!(refused.contains(why) && !refused.contains("hidden"), "{connection}: {refused}");
        }
    }
}
