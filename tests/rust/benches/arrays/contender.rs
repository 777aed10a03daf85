//! What every contender does: read its order, say when it is ready, wait for the word to go, report.

use jiff::Timestamp;
use protector_core::model::{ArrayGroupName, ArrayVolumeName, Epoch, OpKey, OperationId};
use protector_core::ports::{Cancel, Cx, SystemClock};
use protector_core::pure::{ArrayEndpoint, PureOptions, PureStorageDriver, Trust};
use protector_core::{ApiToken, Error, Result};
use serde::Deserialize;
use serde_json::Value;
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// What a contender is told.
#[derive(Debug, Deserialize)]
pub(crate) struct Order {
    /// `https://HOST:PORT` of the target array.
    pub(crate) url: String,
    /// What logs in there.
    pub(crate) api_token: String,
    /// The certificate to trust, a PEM file.
    pub(crate) ca_cert: PathBuf,
    /// The group as the target shows it.
    pub(crate) group: ArrayGroupName,
    /// Its volumes on the source.
    #[serde(default)]
    pub(crate) volumes: Vec<ArrayVolumeName>,
    /// Whether the session is open before the time begins.
    #[serde(default)]
    pub(crate) warm: bool,
    /// Another one each time, so that names of clones are new.
    #[serde(default)]
    pub(crate) operation: String,
    /// A failover begins a new one when it clones, a test of one does not.
    #[serde(default)]
    pub(crate) epoch: u64,
    /// Whether to list; without it, the process does everything else.
    #[serde(default)]
    pub(crate) list: bool,
}

impl Order {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::storage(format!("{}: {e}", path.display())))?;
        serde_json::from_str(&text).map_err(|e| Error::invalid(format!("{}: {e}", path.display())))
    }

    /// The driver of the target array, with the options that a deployment has.
    pub(crate) fn driver(&self) -> Result<PureStorageDriver> {
        let endpoint = ArrayEndpoint::parse(&self.url, ApiToken::new(self.api_token.as_str()))?;
        let options = PureOptions { trust: Trust::CaFile(self.ca_cert.clone()), ..PureOptions::default() };
        PureStorageDriver::new(endpoint, options, Arc::new(SystemClock))
    }

    /// The operation that this run stands for.
    pub(crate) fn operation(&self) -> OperationId {
        OperationId::from(self.operation.as_str())
    }

    /// The context of a step of it.
    pub(crate) fn cx(&self, step: &str) -> Cx {
        Cx {
            op_key: OpKey::new(format!("{}/{step}", self.operation)),
            epoch: Epoch(self.epoch),
            deadline: Timestamp::now() + Duration::from_secs(600),
            cancel: Cancel::default(),
        }
    }
}

/// Says that preparations are over, and waits for the word: the requests of the simulator are counted from there.
pub(crate) fn ready() -> Result<()> {
    println!("ready");
    heard()
}

/// A line of standard input, or its end.
fn heard() -> Result<()> {
    io::stdin().read_line(&mut String::new()).map(drop).map_err(|e| Error::internal(format!("nobody answers: {e}")))
}

/// Says what was measured, and waits until it was heard: a log-out is not to be counted.
pub(crate) fn report(result: &Value) -> Result<()> {
    println!("{result}");
    heard()
}

/// The most memory that this process ever held, KiB: `VmHWM` of Linux.
pub(crate) fn peak_kib() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").map_err(|e| Error::storage(format!("no /proc: {e}")))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
    number.ok_or_else(|| Error::internal("/proc/self/status has no VmHWM"))
}

/// What the processor has spent on this process so far; on its first thread, which does all the work here.
pub(crate) fn cpu_seconds() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/self/schedstat").map_err(|e| Error::storage(format!("no /proc: {e}")))?;
    let nanoseconds: u64 = text
        .split_whitespace()
        .next()
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| Error::internal("/proc/self/schedstat does not begin with a number"))?;
    Ok(Duration::from_nanos(nanoseconds).as_secs_f64())
}
