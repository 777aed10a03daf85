//! Which process this is. A fork copies the memory of a process, but of its threads only the one that forks: a runtime is
//! of no use in the child, connections belong to the parent, and locks that other threads held stay locked for ever.
//!
//! So everything is kept by process: each has a runtime of its own, made on first use, and what the parent had stays where
//! it is, neither used nor closed. Nothing here waits for a lock that could be held while somebody forks.

use crate::{Error, ErrorKind, Result};
use arc_swap::ArcSwapOption;
use std::{
    fs, mem,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::Arc,
    sync::atomic::{AtomicUsize, Ordering},
};

/// What to do instead of a fork that is refused.
pub(crate) const INSTEAD: &str =
    "open engines in the children only, or start them with spawn or forkserver instead of fork";

/// A value of which each process has its own.
#[derive(Debug)]
pub(crate) struct PerProcess<T>(ArcSwapOption<Of<T>>);

/// The value of one process.
#[derive(Debug)]
pub(crate) struct Of<T> {
    process: u32,
    pub(crate) value: T,
}

impl<T> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self(ArcSwapOption::const_empty())
    }

    /// The value of this process; the first time `begin` makes it, and is told what the parent had.
    pub(crate) fn get(&self, begin: impl FnOnce(Option<&Of<T>>) -> T) -> Arc<Of<T>> {
        let process = std::process::id();
        let before = match self.0.load_full() {
            Some(own) if own.process == process => return own,
            before => before,
        };
        let new = Arc::new(Of { process, value: begin(before.as_deref()) });
        let found = self.0.compare_and_swap(&before, Some(new.clone()));
        // what is the parent's must not be dropped here
        mem::forget(before);
        match &*found {
            // another thread was first
            Some(first) if first.process == process => first.clone(),
            _ => new,
        }
    }
}

/// A process that uses this library.
#[derive(Debug)]
struct Process {
    /// The one it was forked from, if that had used this library.
    parent: Option<Parent>,
    /// Calls that are under way.
    calls: AtomicUsize,
}

#[derive(Debug)]
struct Parent {
    process: u32,
    calls: usize,
    /// Device and inode of each file that is open since; `None`: it could not be seen.
    files: Option<Vec<(u64, u64)>>,
}

static THIS: PerProcess<Process> = PerProcess::new();

/// The process that runs this.
///
/// # Errors
/// it was forked while calls were under way in its parent → `Unsupported`: locks may be held by threads that do not exist
/// here.
fn this() -> Result<Arc<Of<Process>>> {
    let this = THIS.get(|parent| Process {
        parent: parent.map(|parent| Parent {
            process: parent.process,
            calls: parent.value.calls.load(Ordering::Acquire),
            files: open_files(),
        }),
        calls: AtomicUsize::new(0),
    });
    match &this.value.parent {
        Some(parent) if parent.calls > 0 => Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "process {} was forked from process {} while Protector was at work there",
                this.process, parent.process
            ),
        )
        .remedy(format!("fork between calls; {INSTEAD}"))),
        _ => Ok(this),
    }
}

/// A call that is under way until this is dropped.
#[derive(Debug)]
#[cfg(feature = "sqlite")]
pub(crate) struct Call(Arc<Of<Process>>);

#[cfg(feature = "sqlite")]
impl Call {
    /// Begins one.
    ///
    /// # Errors
    /// as [`this`].
    pub(crate) fn begin() -> Result<Self> {
        let this = this()?;
        this.value.calls.fetch_add(1, Ordering::AcqRel);
        Ok(Self(this))
    }
}

#[cfg(feature = "sqlite")]
impl Drop for Call {
    fn drop(&mut self) {
        self.0.value.calls.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Whether this process may open the SQLite database at `path`. SQLite believes that the process holds the locks which its
/// memory speaks of, and after a fork it is the parent who does.
///
/// # Errors
/// the parent had it open at the fork, or it could not be seen → `Unsupported`; as [`this`].
pub(crate) fn may_open(path: &Path) -> Result<()> {
    let this = this()?;
    let Some(parent) = &this.value.parent else { return Ok(()) };
    let why = match (&parent.files, fs::metadata(path)) {
        (None, _) => "may have been open",
        (Some(files), Ok(found)) if files.contains(&(found.dev(), found.ino())) => "was open",
        _ => return Ok(()),
    };
    let message = format!(
        "database '{}' {why} in process {} when process {} was forked from it",
        path.display(),
        parent.process,
        this.process
    );
    Err(Error::new(ErrorKind::Unsupported, message)
        .remedy(format!("drop the parent's engine before it forks; {INSTEAD}")))
}

/// The regular files that this process has open.
fn open_files() -> Option<Vec<(u64, u64)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir("/proc/self/fd").ok()? {
        // what cannot be looked at has been closed meanwhile, as the directory itself
        if let Ok(found) = fs::metadata(entry.ok()?.path())
            && found.is_file()
        {
            files.push((found.dev(), found.ino()));
        }
    }
    Some(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_one_value_and_its_child_another() {
        let values = PerProcess::<u32>::new();
        let first = values.get(|parent| {
            assert!(parent.is_none());
            1
        });
        assert!(Arc::ptr_eq(&first, &values.get(|_| 2)));

        let theirs = Arc::new(Of { process: 0, value: 1 });
        let child = PerProcess(ArcSwapOption::new(Some(theirs.clone())));
        let own = child.get(|parent| parent.unwrap().value + 1);
        assert_eq!((own.process, own.value), (std::process::id(), 2));
        assert!(Arc::ptr_eq(&own, &child.get(|_| 3)));
        assert!(Arc::strong_count(&theirs) > 1, "what the parent had is kept");
    }

    #[test]
    fn open_files_are_seen() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let found = fs::metadata(file.path()).unwrap();
        let identity = (found.dev(), found.ino());
        assert!(open_files().unwrap().contains(&identity));
        let path = file.into_temp_path();
        assert!(!open_files().unwrap().contains(&identity));
        assert!(may_open(&path).is_ok());
    }
}
