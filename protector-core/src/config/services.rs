//! What `protector-api` and `protector-engine` are configured to do. The embedded mode needs none of it.

use super::rules::{self, Found};
use super::settings::Read;
use crate::{Error, Result};
use serde::Serialize;

/// How `protector-api` tells who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthStrategy {
    /// By a Keystone token.
    Keystone,
    /// Not at all: everybody is an administrator.
    Noauth,
}

/// `[api]`, and the part of `[engine]` that is about the worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceSettings {
    /// `[api] bind_host`: the address that `protector-api` listens on.
    pub bind_host: String,
    /// `[api] bind_port`; 0 is any free port.
    pub bind_port: u32,
    /// `[api] auth_strategy`.
    pub auth_strategy: AuthStrategy,
    /// `[api] danger_noauth_beyond_loopback`: other machines may ask without saying who they are.
    pub danger_noauth_beyond_loopback: bool,
    /// `[api] threads`: requests that are answered at once.
    pub threads: u32,
    /// `[api] max_limit`: longest page of a list, and the length of one that nobody gave a limit.
    pub max_limit: u32,
    /// `[engine] workers`: operations that are executed at once.
    pub workers: u32,
    /// `[engine] poll_interval`: seconds between two looks for accepted operations.
    pub poll_interval: u32,
    /// `[engine] watch_interval`: seconds between two looks at the health of all groups.
    pub watch_interval: u32,
    /// `[engine] drill_interval_days`: a group whose last passed test failover is older is pointed out; 0: never.
    pub drill_interval_days: u32,
    /// `[engine] stop_timeout`: seconds that running operations get to reach a step boundary when the worker is stopped.
    pub stop_timeout: u32,
}

impl Default for ServiceSettings {
    fn default() -> Self {
        Self {
            bind_host: "0.0.0.0".to_owned(),
            bind_port: 8788,
            auth_strategy: AuthStrategy::Keystone,
            danger_noauth_beyond_loopback: false,
            threads: 8,
            max_limit: 1000,
            workers: 4,
            poll_interval: 2,
            watch_interval: 60,
            drill_interval_days: 90,
            stop_timeout: 60,
        }
    }
}

impl ServiceSettings {
    /// # Errors
    /// requests without a user could come from other machines → `InvalidConfiguration`: bind to loopback, or say so.
    pub(super) fn read(read: &mut Read<'_>) -> Result<Self> {
        let bind_host = read.choice("api", "bind_host")?;
        let strategy = read.choice("api", "auth_strategy")?;
        let beyond = read.bool("api", "danger_noauth_beyond_loopback")?.value;
        let auth_strategy = if strategy.value == "noauth" { AuthStrategy::Noauth } else { AuthStrategy::Keystone };
        if auth_strategy == AuthStrategy::Noauth && !beyond {
            rules::noauth_stays_here(&strategy, &bind_host)?;
        }
        let mut count = |section: &str, name: &str| match read.number(section, name)? {
            Some(Found { value, .. }) => Ok(value),
            None => Err(Error::configuration(format!("[{section}] {name} is empty"))
                .remedy("write a number, or remove the line to get the default")),
        };
        Ok(Self {
            bind_port: count("api", "bind_port")?,
            threads: count("api", "threads")?,
            max_limit: count("api", "max_limit")?,
            workers: count("engine", "workers")?,
            poll_interval: count("engine", "poll_interval")?,
            watch_interval: count("engine", "watch_interval")?,
            drill_interval_days: count("engine", "drill_interval_days")?,
            stop_timeout: count("engine", "stop_timeout")?,
            bind_host: bind_host.value,
            auth_strategy,
            danger_noauth_beyond_loopback: beyond,
        })
    }
}
