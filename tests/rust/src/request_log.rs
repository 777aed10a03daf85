//! Every request that simulated FlashArrays get in this process, and what none of them may be.

use std::io::Write;
use std::sync::{Mutex, OnceLock, PoisonError};
use tracing_subscriber::EnvFilter;

static LOG: OnceLock<RequestLog> = OnceLock::new();

/// The lines of the simulator's log, one for each request: `… arr-a GET /api/2.37/volumes?names=v1 200 0.4ms`.
#[derive(Debug, Default)]
pub struct RequestLog(Mutex<Vec<u8>>);

impl RequestLog {
    /// Listens from now on to all simulators of this process.
    pub fn listen() -> &'static Self {
        let log = LOG.get_or_init(Self::default);
        // a second call, or another subscriber, is of no harm: `assert_harmless` fails where nothing was heard
        let _ = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new("flasharray_sim::requests=info"))
            .with_ansi(false)
            .with_writer(|| Writer(LOG.get_or_init(Self::default)))
            .try_init();
        log
    }

    /// Nothing heard so far eradicates or overwrites, and something was heard that destroys or changes.
    pub fn assert_harmless(&self) {
        let text = String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned();
        assert!(text.lines().any(|line| line.contains(" PATCH ")), "the requests were not heard");
        let harmful: Vec<&str> = text.lines().filter(|line| is_harmful(line)).collect();
        assert!(harmful.is_empty(), "{}", harmful.join("\n"));
    }
}

struct Writer(&'static RequestLog);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Whether a request removes something for good, or writes over data.
fn is_harmful(line: &str) -> bool {
    // what the array keeps data in; removing a membership, a connection or a tag eradicates nothing
    const HOLD_DATA: [&str; 9] = [
        "pods",
        "pods/arrays",
        "pods/members",
        "protection-group-snapshots",
        "protection-groups",
        "volume-groups",
        "volume-snapshots",
        "volumes",
        "pod-replica-links",
    ];
    let mut words = line.split_whitespace().skip_while(|word| *word != "DELETE");
    let deleted = words.next().and_then(|_| words.next()).and_then(|target| {
        let path = target.split('?').next()?.strip_prefix("/api/")?;
        path.split_once('/').map(|(_, path)| path.trim_end_matches('/'))
    });
    let query = line.to_lowercase();
    deleted.is_some_and(|path| HOLD_DATA.contains(&path))
        || ["overwrite=", "eradicate_contents=", "destroy_contents="].iter().any(|word| query.contains(word))
}

#[cfg(test)]
mod tests {
    use super::is_harmful;

    #[test]
    fn eradication_and_overwriting_are_told_from_the_rest() {
        for (line, harmful) in [
            ("INFO flasharray_sim::requests: arr-a DELETE /api/2.37/volumes?names=v1 200 1.0ms", true),
            ("arr-a DELETE /api/2.4/protection-groups?names=pg 200 1.0ms", true),
            ("arr-a DELETE /api/2.4/pods?names=p&eradicate_contents=true 200 1.0ms", true),
            ("arr-a DELETE /api/2.37/protection-groups/volumes?group_names=pg&member_names=v1 200 1.0ms", false),
            ("arr-a DELETE /api/2.37/connections?host_names=h&volume_names=v 200 1.0ms", false),
            ("arr-a DELETE /api/2.37/volumes/tags?resource_names=v 200 1.0ms", false),
            ("arr-a PATCH /api/2.37/volumes?ids=1 200 1.0ms", false),
            ("arr-a POST /api/2.37/volumes?names=v&overwrite=true 200 1.0ms", true),
            ("arr-a POST /api/2.37/volumes?names=v 200 1.0ms", false),
        ] {
            assert_eq!(is_harmful(line), harmful, "{line}");
        }
    }
}
