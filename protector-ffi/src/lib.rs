//! libprotector: disaster recovery for OpenStack clouds on replicated Pure Storage FlashArrays, for C programs.
//!
//! CALLS. A function that can fail returns a protector_status, PROTECTOR_STATUS_OK if it did what it says. Its result
//! goes to an out-parameter, which is set to NULL first and stays NULL on failure; one without an out-parameter has no
//! result but that it was done. Its last argument takes the error: set to NULL first, then to a new protector_error on
//! failure; give NULL if the status is enough. A call that was refused has changed nothing.
//!
//! DATA crosses as JSON in UTF-8, with the field names of the command line's JSON output. Requests with unknown fields
//! are refused; replies may get more fields in later versions.
//!
//! OWNERSHIP. Arguments are borrowed for the call, never kept, but for the functions and user_data that a program
//! registers. What an out-parameter receives belongs to the caller, who frees it with the function named after its type:
//! protector_string_free for every char *, protector_engine_free, protector_run_free, protector_cancel_free,
//! protector_error_free. All of them accept NULL. A const char * that is returned belongs to the object it was asked from,
//! or to the library if it was asked from none; it is never freed.
//!
//! ARGUMENTS. Pointers must be valid, text ends with a NUL byte. NULL where it is not allowed gives
//! PROTECTOR_STATUS_NULL_ARGUMENT, text that is not UTF-8 PROTECTOR_STATUS_INVALID_UTF8; the message names the argument.
//!
//! THREADS. Every handle may be used by any number of threads at once, and freed by any thread once no call uses it. A
//! call blocks its thread until it is done; what takes long can be started as a protector_run instead, and waited for with
//! poll. The library keeps a few worker threads until the process ends, so it stays loaded after dlclose. They do not
//! survive fork: a child opens engines of its own, and those of its parent give PROTECTOR_STATUS_UNSUPPORTED there. So does
//! everything if calls were under way at the fork, and a SQLite database that the parent had open.
//!
//! CALLBACKS. A function of the program that the library calls must return: no exception and no longjmp may leave it. Which
//! thread calls it, and whether it may call this library, stands where it is handed over.
//!
//! LINKING. pkg-config knows the library as protector. Prefer the shared library: it shows nothing but the names below. The
//! static one brings its own SQLite, which collides with another one in the program. With either, let no other SQLite of
//! the same process open the databases.
//!
//! DEFECTS. A panic inside the library does not cross into the caller: it gives PROTECTOR_STATUS_PANIC. Operations are
//! journalled before they act, so running the operation again continues it safely.

#![allow(non_camel_case_types, reason = "a type has one name: the one that C programs write")]
#![allow(clippy::missing_safety_doc, reason = "the rules above are the safety contract of every exported function")]

mod abi;
mod boundary;
mod c_driver;
mod cancel;
mod consistency_groups;
mod deployment;
mod driver_tables;
mod drivers;
mod engine;
mod error;
mod groups;
mod health;
mod keys;
mod log;
mod mappings;
mod members;
mod metadata;
mod operation_runs;
mod operations;
mod plan;
mod policies;
mod reply;
mod running;
mod runs;
mod simulation;
mod site_failovers;
mod sites;
mod status;
mod text;

#[cfg(test)]
mod driver_tests;

pub use abi::*;
pub use cancel::*;
pub use consistency_groups::*;
pub use deployment::*;
pub use driver_tables::*;
pub use drivers::*;
pub use engine::*;
pub use error::*;
pub use groups::*;
pub use health::*;
pub use keys::*;
pub use log::*;
pub use mappings::*;
pub use members::*;
pub use metadata::*;
pub use operation_runs::*;
pub use operations::*;
pub use plan::*;
pub use policies::*;
pub use reply::*;
pub use runs::*;
pub use simulation::*;
pub use site_failovers::*;
pub use sites::*;
pub use status::*;
pub use text::*;
