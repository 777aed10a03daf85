//! Who is at work.

use serde::{Deserialize, Serialize};

/// Who holds a lease. Compared as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseHolder {
    /// Host name.
    pub host: String,
    /// Process id on that host.
    pub process: u32,
    /// Start of that process, in clock ticks since boot; tells a reused process id apart. 0 if unknown.
    pub process_start: u64,
    /// Where that process id counts: boot of the machine and PID namespace. Containers may share a host name, and none sees the
    /// processes of another. Empty if unknown.
    #[serde(default)]
    pub process_namespace: String,
    /// Unique per engine value, so that two engines of one process are two holders.
    pub engine: String,
}
