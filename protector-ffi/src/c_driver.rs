//! A driver in C, called as the core calls a driver of another language.

use crate::driver_tables::{Head, Method, Table, protector_driver_method, protector_driver_release};
use crate::drivers::Shared;
use crate::error::protector_error;
use crate::reply::protector_reply;
use crate::text::{c_text, optional_text, text};
use protector_core::foreign::Foreign;
use protector_core::foreign::wire::Description;
use protector_core::{Error, Result};
use serde_json::Value;
use std::ffi::c_char;

/// Methods of the ports that have a default.
const OPTIONAL: [&str; 2] = ["newest_complete", "standby_groups"];

/// A filled table. Whoever drops it lets the program let go.
#[derive(Debug)]
pub(crate) struct CDriver {
    methods: Vec<Method>,
    user_data: Shared,
    release: protector_driver_release,
    /// The answer to `describe`.
    description: String,
}

impl CDriver {
    /// Takes over what a program has filled.
    ///
    /// # Safety
    /// The table's texts end with a NUL byte, and its functions may be called with its `user_data` until it is released.
    pub(crate) unsafe fn new(name: &str, table: &impl Table) -> Result<Self> {
        let (head, methods) = (table.head(), table.methods());
        let (user_data, release) = (Shared(head.user_data), head.release);
        // from here on it is released also if its texts are no good
        let mut driver = Self { methods, user_data, release, description: String::new() };
        let unfit = |refused: protector_error| {
            Error::internal(format!("driver '{name}': {}", refused.message_text())).remedy("set it in open")
        };
        // SAFETY: the caller's promise
        driver.description = unsafe { description(&head, &driver.methods) }.map_err(unfit)?;
        Ok(driver)
    }

    fn method(&self, name: &str) -> protector_driver_method {
        self.methods.iter().find(|(method, _)| *method == name).and_then(|(_, function)| *function)
    }
}

/// # Safety
/// As [`CDriver::new`].
unsafe fn description(head: &Head, methods: &[Method]) -> Result<String, protector_error> {
    // SAFETY: the caller's promise
    let read = |at: *const c_char, name| unsafe { text(at, name) }.map(str::to_owned);
    // SAFETY: the caller's promise
    let capabilities = match unsafe { optional_text(head.capabilities_json, "capabilities_json") }? {
        None => Value::Null,
        Some(json) => serde_json::from_str(json).map_err(|e| Error::from(e).context("capabilities_json"))?,
    };
    let own = methods.iter().filter(|(name, function)| OPTIONAL.contains(name) && function.is_some());
    let description = Description {
        driver_name: read(head.driver_name, "driver_name")?,
        endpoint: read(head.endpoint, "endpoint")?,
        capabilities,
        optional_methods: own.map(|(name, _)| (*name).to_owned()).collect(),
    };
    serde_json::to_string(&description).map_err(|e| Error::from(e).into())
}

impl Foreign for CDriver {
    fn call(&self, method: &'static str, arguments: &str) -> Result<String> {
        if method == "describe" {
            return Ok(self.description.clone());
        }
        let function =
            self.method(method).ok_or_else(|| Error::unsupported(format!("the driver does not offer {method}")))?;
        let (arguments, mut reply) = (c_text(arguments), protector_reply::default());
        // SAFETY: text and place outlive the call; function and pointer are the program's, which is not released while this
        // lives
        let status = unsafe { function(self.user_data.0, arguments.as_ptr(), &raw mut reply) };
        reply.into_result(status, method)
    }
}

impl Drop for CDriver {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: the program's own function and pointer, once
            unsafe { release(self.user_data.0) };
        }
    }
}
