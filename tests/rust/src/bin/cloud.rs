//! One cloud of `clouds.yaml`, called by a test in another language.
//!
//! `cloud <name> [<seconds>]`: each line of standard input is a call, `{"method", "arguments"}`, as `protector_core::foreign` has
//! them; each is answered by one line, `{"answer": …}` or `{"error": {"kind", "message", "remedy"}}`. `seconds` is the longest
//! wait for one reply of the cloud.

use protector_core::foreign::{Foreign, LoopbackCloud};
use protector_core::openstack::{CloudsFile, OpenStackCloud, OpenStackOptions};
use protector_core::ports::SystemClock;
use protector_core::{Error, Result};
use serde::Deserialize;
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

fn answered(cloud: &LoopbackCloud, line: &str) -> Value {
    let answer = || -> Result<Value> {
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
    let cloud = LoopbackCloud(Arc::new(cloud(&arguments)?));
    let _inside = runtime.enter();
    let mut output = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|e| Error::internal(e.to_string()))?;
        writeln!(output, "{}", answered(&cloud, &line)).map_err(|e| Error::internal(e.to_string()))?;
        output.flush().map_err(|e| Error::internal(e.to_string()))?;
    }
    Ok(())
}
