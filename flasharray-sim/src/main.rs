//! `flasharray-sim`: simulated FlashArrays as a process.

mod arguments;
mod ready;

use arguments::Arguments;
use clap::Parser;
use flasharray_sim::Simulator;
use protector_core::{Error, Result};
use std::{
    io::{self, Write},
    process::ExitCode,
};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    arguments.log.install();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            let _ = writeln!(io::stderr(), "flasharray-sim: {e}");
            // what was asked for is wrong, or it could not be done
            ExitCode::from(if e.kind() == protector_core::ErrorKind::InvalidRequest { 2 } else { 1 })
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    let ready_file = arguments.ready_file.clone();
    let options = arguments.options()?;
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|e| Error::internal(format!("the runtime cannot start: {e}")).source(e))?;
    runtime.block_on(async {
        let ended = ended()?;
        let simulator = Simulator::start(options).await?;
        for array in simulator.arrays() {
            tracing::info!("{} listens on {}", array.name, array.url);
        }
        if let Some(address) = simulator.control() {
            tracing::info!("the control endpoint listens on http://{address}");
        }
        if let Some(path) = &ready_file {
            ready::write(path, &simulator)?;
        }
        ended.await;
        simulator.stop().await;
        Ok(())
    })
}

/// Waits for SIGINT or SIGTERM; both are caught from the call on.
fn ended() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let cannot = |e: io::Error| Error::internal(format!("signals cannot be caught: {e}")).source(e);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
