//! How a cloud is talked to.

use std::time::Duration;

/// Limits of the talk with one cloud. Which cloud it is stands in `clouds.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenStackOptions {
    /// Longest wait for a connection, TLS included.
    pub connect_timeout: Duration,
    /// Longest wait for one reply, body included.
    pub request_timeout: Duration,
    /// Pause before the one repeat of what may be repeated.
    pub pause: Duration,
    /// Requests under way at the same time, per service.
    pub max_concurrent_requests: usize,
    /// Items per page of a list. Services cut at 1000 by default.
    pub page_limit: u32,
}

impl Default for OpenStackOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(60),
            pause: Duration::from_millis(500),
            max_concurrent_requests: 8,
            page_limit: 1000,
        }
    }
}
