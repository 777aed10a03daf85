//! The table of options a reader knows, and Protector's own table.

use std::borrow::Cow;
use std::ops::RangeInclusive;

/// What a value may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// One of these texts, in this spelling.
    Choice(&'static [&'static str]),
    /// A name: a letter, then letters, digits, `-` and `_`.
    Word,
    /// `true 1 on yes` or `false 0 off no`, in any case.
    Bool,
    /// A whole number within the bounds.
    Int(RangeInclusive<i64>),
    /// Texts separated by commas.
    List,
    /// A text for every time the option is given, over all files.
    Multi,
}

/// One option: where it stands, what it may be, what it is when nobody sets it.
///
/// ```
/// use protector_core::config::{Config, Kind, Opt, Value};
/// let mut config = Config::new(Default::default());
/// config.register(Opt::new("engine", "workers", Kind::Int(1..=64)).default("4").deprecated("DEFAULT", "threads"));
/// config.add_text("protector.conf", b"[DEFAULT]\nthreads = 8\n")?;
/// assert_eq!(config.get("engine", "workers")?.value, Some(Value::Int(8)));
/// # Ok::<(), protector_core::config::ReadError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opt {
    pub(super) section: String,
    pub(super) name: Cow<'static, str>,
    pub(super) kind: Kind,
    pub(super) default: Option<&'static str>,
    pub(super) secret: bool,
    /// Older places, newest first.
    pub(super) deprecated: Vec<(&'static str, &'static str)>,
}

impl Opt {
    /// An option without a default.
    pub fn new(section: impl Into<String>, name: impl Into<Cow<'static, str>>, kind: Kind) -> Self {
        Self { section: section.into(), name: name.into(), kind, default: None, secret: false, deprecated: Vec::new() }
    }

    /// What a file would have to say to get the default.
    #[must_use]
    pub fn default(mut self, text: &'static str) -> Self {
        self.default = Some(text);
        self
    }

    /// No message may show the value; it is read as [`Value::Secret`](super::Value::Secret).
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// An older section and name. Within one file the newer name wins; an older name in a later file beats it.
    #[must_use]
    pub fn deprecated(mut self, section: &'static str, name: &'static str) -> Self {
        self.deprecated.push((section, name));
        self
    }
}

/// Prefix of the sections that describe a site: `[site:boston]`.
pub(super) const SITE: &str = "site:";

/// Prefix of the sections that belong to a driver which is not part of this crate. What is in them is its own affair.
pub(super) const DRIVER: &str = "driver:";

/// The sections that hold Protector's options alone. A name in them that is not in the table is a slip of the pen; in
/// the other sections it belongs to one of the libraries that read the same file.
pub(super) const OWN_SECTIONS: [&str; 3] = ["api", "engine", "storage"];

/// `protector.conf`, without the sections of the sites.
pub(super) fn protector_options() -> Vec<Opt> {
    use Kind::{Bool, Choice, Int, Text, Word};
    let positive = || Int(1..=i64::from(u32::MAX));
    vec![
        Opt::new("DEFAULT", "debug", Bool).default("False"),
        Opt::new("DEFAULT", "log_dir", Text),
        Opt::new("DEFAULT", "state_path", Text).default("/var/lib/protector"),
        Opt::new("DEFAULT", "use_mock_storage", Bool).default("False"),
        Opt::new("engine", "storage_driver", Word).default("pure"),
        Opt::new("engine", "mock_db_path", Text).default(":memory:"),
        Opt::new("engine", "mock_clock", Choice(&["system", "virtual"])).default("system"),
        Opt::new("engine", "cloud_driver", Word).default("openstack"),
        Opt::new("engine", "failover_to_blank_disks", Bool).default("False"),
        Opt::new("engine", "local_site", Text),
        Opt::new("database", "connection", Text).secret(),
        Opt::new("storage", "primary_array_url", Text),
        Opt::new("storage", "primary_array_api_token", Text).secret(),
        Opt::new("storage", "secondary_array_url", Text),
        Opt::new("storage", "secondary_array_api_token", Text).secret(),
        Opt::new("storage", "default_replication_interval", positive()),
        Opt::new("storage", "default_rpo_minutes", positive()),
        Opt::new("storage", "fernet_key_repository", Text).default("/etc/protector/fernet-keys"),
        Opt::new("storage", "array_ca_file", Text),
        Opt::new("storage", "primary_array_fingerprint", Text),
        Opt::new("storage", "secondary_array_fingerprint", Text),
        Opt::new("storage", "danger_accept_any_array_certificate", Bool).default("False"),
        Opt::new("api", "bind_host", Text).default("0.0.0.0"),
        Opt::new("api", "bind_port", Int(0..=65535)).default("8788"),
        Opt::new("api", "auth_strategy", Choice(&["keystone", "noauth"])).default("keystone"),
        Opt::new("api", "danger_noauth_beyond_loopback", Bool).default("False"),
        Opt::new("api", "threads", Int(1..=1024)).default("8"),
        Opt::new("api", "max_limit", Int(1..=100_000)).default("1000"),
        Opt::new("engine", "workers", Int(1..=256)).default("4"),
        Opt::new("engine", "poll_interval", Int(1..=3600)).default("2"),
        Opt::new("engine", "watch_interval", Int(1..=86_400)).default("60"),
        Opt::new("engine", "drill_interval_days", Int(0..=36_500)).default("90"),
        Opt::new("engine", "stop_timeout", Int(1..=86_400)).default("60"),
    ]
}

/// The options of the section `[site:<name>]`, which must be given as the file spells it.
pub(super) fn site_options(section: &str) -> Vec<Opt> {
    vec![
        Opt::new(section, "cloud", Kind::Text),
        Opt::new(section, "array", Kind::Choice(&["primary", "secondary"])),
        Opt::new(section, "api_url", Kind::Text),
        Opt::new(section, "api_ca_file", Kind::Text),
        Opt::new(section, "api_timeout", Kind::Int(1..=600)).default("30"),
        Opt::new(section, "auth_url", Kind::Text),
        Opt::new(section, "application_credential_id", Kind::Text),
        Opt::new(section, "application_credential_secret", Kind::Text).secret(),
    ]
}
