//! `protector._native`: the engine for Python. JSON text crosses the boundary; the package makes values of it.
//!
//! Importing the module starts no thread, no runtime and no connection. Every call releases the GIL ([`call`]).

mod call;
mod deployment;
mod drivers;
mod engine;
mod flash_array;
mod logs;
mod planner;
mod run;
mod settings;

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::deployment::{
        config_check, db_check, db_sync, db_version, fernet_migrate, fernet_rotate, fernet_setup, mock_seed,
        mock_servers, mock_set_site,
    };
    #[pymodule_export]
    use crate::drivers::{cloud_conformance, storage_conformance};
    #[pymodule_export]
    use crate::engine::Engine;
    #[pymodule_export]
    use crate::flash_array::FlashArray;
    #[pymodule_export]
    use crate::planner::{Plan, plan, plan_graph, plan_text, reconcile_text, report_html, report_text};
    #[pymodule_export]
    use crate::run::{Cancel, Running};
    #[pymodule_export]
    use crate::settings::Settings;

    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_init]
    fn init(_module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::logs::install();
        Ok(())
    }
}
