//! What a FlashArray or its driver refuses: each with an error of its kind that names object and value, and nothing changed.

mod access;
mod addresses;
mod busy;
mod clones;
mod groups;
mod replication;

/// Tells the simulator what goes wrong from now on.
fn fault(arrays: &protector_tests::flash_arrays::FlashArrays, script: &str) -> protector_core::Result<()> {
    arrays.simulator.faults().add(script)
}
