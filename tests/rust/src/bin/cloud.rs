//! One cloud of `clouds.yaml`, called by a test in another language.
//!
//! `cloud <name> [<seconds>]`: each line of standard input is a call, `{"method", "arguments"}`, as `protector_core::foreign` has
//! them; each is answered by one line, `{"answer": …}` or `{"error": {"kind", "message", "remedy"}}`. `seconds` is the longest
//! wait for one reply of the cloud. Beside the port, `ensure_blank_volume` and `delete_blank_volume` are known.

use protector_core::foreign::{Foreign, LoopbackCloud};
use protector_core::model::VolumeId;
use protector_core::openstack::{CloudsFile, OpenStackCloud, OpenStackOptions};
use protector_core::ports::{BlankVolume, BlankVolumes, Cancel, Cx, Outcome, SystemClock};
use protector_core::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::time::Duration;

#[derive(Deserialize)]
struct Call {
    method: String,
    arguments: Value,
}

fn cloud(arguments: &[String]) -> Result<OpenStackCloud> {
    let name = arguments.first().ok_or_else(|| Error::invalid("name a cloud of clouds.yaml"))?;
    let mut options = OpenStackOptions::default();
    if let Some(seconds) = arguments.get(1) {
        let seconds = seconds.parse().map_err(|_| Error::invalid(format!("'{seconds}' is no number")))?;
        options.request_timeout = Duration::from_secs_f64(seconds);
    }
    let entry = CloudsFile::find(&|name| std::env::var(name).ok())?.entry(name)?;
    OpenStackCloud::new(entry, options, Arc::new(SystemClock))
}

/// A change of a blank volume, which is not part of the port.
#[derive(Deserialize)]
#[serde(tag = "method", content = "arguments", rename_all = "snake_case")]
enum Blank {
    EnsureBlankVolume { context: Context, request: Wanted },
    DeleteBlankVolume { context: Context, volume: VolumeId },
}

#[derive(Deserialize)]
struct Context {
    op_key: String,
    deadline: jiff::Timestamp,
}

#[derive(Deserialize)]
struct Wanted {
    stands_for: String,
    name: String,
    size_gib: u64,
    volume_type: String,
    bootable: bool,
}

impl Context {
    fn cx(self) -> Cx {
        Cx {
            op_key: self.op_key.into(),
            epoch: protector_core::model::Epoch(1),
            deadline: self.deadline,
            cancel: Cancel::default(),
        }
    }
}

impl Blank {
    async fn call(self, cloud: &OpenStackCloud) -> Result<Value> {
        match self {
            Self::EnsureBlankVolume { context, request } => {
                let Wanted { stands_for, name, size_gib, volume_type, bootable } = request;
                let wanted = BlankVolume { stands_for: stands_for.into(), name, size_gib, volume_type, bootable };
                shown(cloud.ensure_blank_volume(&context.cx(), &wanted).await?)
            }
            Self::DeleteBlankVolume { context, volume } => {
                shown(cloud.delete_blank_volume(&context.cx(), &volume).await?)
            }
        }
    }
}

/// As the calls of the port answer.
fn shown<T: Serialize>(outcome: Outcome<T>) -> Result<Value> {
    Ok(match outcome {
        Outcome::Done(value) => json!({"outcome": "done", "value": serde_json::to_value(value)?}),
        Outcome::AlreadyDone(value) => json!({"outcome": "already_done", "value": serde_json::to_value(value)?}),
        Outcome::InProgress { poll_after } => json!({"outcome": "in_progress", "poll_after": poll_after.as_secs_f64()}),
    })
}

fn answered(runtime: &tokio::runtime::Runtime, real: &OpenStackCloud, cloud: &LoopbackCloud, line: &str) -> Value {
    let answer = || -> Result<Value> {
        if let Ok(blank) = serde_json::from_str::<Blank>(line) {
            return runtime.block_on(blank.call(real));
        }
        let call: Call = serde_json::from_str(line)?;
        // a port's methods are known by their names for as long as the process lives
        let answer = cloud.call(call.method.leak(), &call.arguments.to_string())?;
        Ok(serde_json::from_str(&answer)?)
    };
    match answer() {
        Ok(answer) => json!({ "answer": answer }),
        Err(e) => json!({"error": {"kind": e.kind().code(), "message": e.message(), "remedy": e.remedy_text()}}),
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Runtime::new().map_err(|e| Error::internal(e.to_string()))?;
    let real = Arc::new(cloud(&arguments)?);
    let cloud = LoopbackCloud(real.clone());
    let _inside = runtime.enter();
    let mut output = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|e| Error::internal(e.to_string()))?;
        writeln!(output, "{}", answered(&runtime, &real, &cloud, &line)).map_err(|e| Error::internal(e.to_string()))?;
        output.flush().map_err(|e| Error::internal(e.to_string()))?;
    }
    Ok(())
}
