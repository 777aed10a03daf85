//! A process that tests start and lose.
//!
//! `child run <directory> <site> <operation> <point>` runs an accepted operation and is killed at that point.
//! `child abort <directory> <site> <operation> <point>` gives one up that nobody is at work on, and is killed likewise.
//! `child create <directory> <site> <group>` creates a protection group.

use protector_core::engine::{Progress, StopOptions};
use protector_core::ports::Cancel;
use protector_core::{Error, Result};
use protector_tests::{crash, files, group_create};
use std::path::Path;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["run", directory, site, operation, point] => {
            let dies_at = point.parse().map_err(|_| Error::invalid(format!("'{point}' is not a number")))?;
            let engine = files::open(Path::new(directory)).await?.engine(Some(site))?;
            let engine = crash::with_fuse(&engine, &crash::Fuse::new(dies_at));
            engine.run(operation, &Cancel::default(), &Progress::none()).await.map(drop)
        }
        ["abort", directory, site, operation, point] => {
            let dies_at = point.parse().map_err(|_| Error::invalid(format!("'{point}' is not a number")))?;
            let engine = files::open(Path::new(directory)).await?.engine(Some(site))?;
            let engine = crash::with_fuse(&engine, &crash::Fuse::new(dies_at));
            let options = StopOptions::default();
            engine.operation_abort(operation, &options, &Cancel::default(), &Progress::none()).await.map(drop)
        }
        ["create", directory, site, group] => {
            let engine = files::open(Path::new(directory)).await?.engine(Some(site))?;
            engine.protection_group_create(&group_create(group)).await.map(drop)
        }
        other => Err(Error::invalid(format!("unknown arguments {other:?}"))),
    }
}
