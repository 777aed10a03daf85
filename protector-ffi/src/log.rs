//! What the library logs, handed to the program.

use crate::boundary::act;
use crate::drivers::Shared;
use crate::error::protector_error;
use crate::status::protector_status;
use crate::text::c_text;
use log::{Level, LevelFilter, Log, Metadata, Record};
use protector_core::Error;
use std::cell::Cell;
use std::ffi::{c_char, c_void};
use std::sync::{PoisonError, RwLock};

/// Something failed.
pub const PROTECTOR_LOG_ERROR: i32 = 1;
/// Something that people should look at.
pub const PROTECTOR_LOG_WARNING: i32 = 2;
/// What is done.
pub const PROTECTOR_LOG_INFO: i32 = 3;
/// How it is done.
pub const PROTECTOR_LOG_DEBUG: i32 = 4;
/// Every call.
pub const PROTECTOR_LOG_TRACE: i32 = 5;

/// Hears a line of the log. level: PROTECTOR_LOG_ERROR to PROTECTOR_LOG_TRACE. target: which part of the library it is from, as in
/// "protector.engine.manager". The texts are valid only until the callback returns; they never hold a secret. Called from any
/// thread, several at a time. It must return soon and must not call this library; no exception and no longjmp may leave it.
pub type protector_log_fn =
    Option<unsafe extern "C" fn(level: i32, target: *const c_char, message: *const c_char, user_data: *mut c_void)>;

/// Lets the lines of this level and of more important ones go to a callback, for the whole process, instead of the one before.
/// callback NULL: to nobody, which is how it begins. When the call returns, the callback before is not called any more. Refused
/// with PROTECTOR_STATUS_UNSUPPORTED where a program in Rust, linked statically, has a logger of its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_log_set(
    callback: protector_log_fn,
    user_data: *mut c_void,
    level: i32,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe { act(error, || DOOR.open_to(callback, user_data, level).map_err(Into::into)) }
}

type Tell = unsafe extern "C" fn(i32, *const c_char, *const c_char, *mut c_void);

/// The logger of the process.
struct Door(RwLock<Option<(Tell, Shared)>>);

static DOOR: Door = Door(RwLock::new(None));

thread_local! {
    static TELLING: Cell<bool> = const { Cell::new(false) };
}

impl Door {
    fn open_to(&'static self, callback: protector_log_fn, user_data: *mut c_void, level: i32) -> Result<(), Error> {
        if TELLING.get() {
            return Err(Error::invalid("a callback of the log cannot change the log").remedy("call it from elsewhere"));
        }
        let filter = match level {
            PROTECTOR_LOG_ERROR => LevelFilter::Error,
            PROTECTOR_LOG_WARNING => LevelFilter::Warn,
            PROTECTOR_LOG_INFO => LevelFilter::Info,
            PROTECTOR_LOG_DEBUG => LevelFilter::Debug,
            PROTECTOR_LOG_TRACE => LevelFilter::Trace,
            _ if callback.is_none() => LevelFilter::Off,
            _ => {
                return Err(Error::invalid(format!("level {level} is none of 1 (errors) to 5 (every call)"))
                    .remedy("use PROTECTOR_LOG_INFO"));
            }
        };
        let mut told = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if log::set_logger(self).is_err() && !is_ours() {
            return Err(Error::unsupported("this process has a logger already").remedy("listen to that one"));
        }
        *told = callback.map(|tell| (tell, Shared(user_data)));
        log::set_max_level(if callback.is_some() { filter } else { LevelFilter::Off });
        Ok(())
    }
}

/// Whether the logger of the process is this one.
fn is_ours() -> bool {
    std::ptr::addr_eq(log::logger(), &raw const DOOR)
}

impl Log for Door {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // what libraries below say of their own work is for nobody who debugs a failover
        metadata.target().starts_with("protector") || metadata.level() <= Level::Warn
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) || TELLING.get() {
            return;
        }
        let told = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some((tell, user_data)) = *told else { return };
        let (target, message) = (c_text(record.target()), c_text(record.args().to_string()));
        let level = match record.level() {
            Level::Error => PROTECTOR_LOG_ERROR,
            Level::Warn => PROTECTOR_LOG_WARNING,
            Level::Info => PROTECTOR_LOG_INFO,
            Level::Debug => PROTECTOR_LOG_DEBUG,
            Level::Trace => PROTECTOR_LOG_TRACE,
        };
        TELLING.set(true);
        // SAFETY: texts that outlive the call, and the program's own function and pointer
        unsafe { tell(level, target.as_ptr(), message.as_ptr(), user_data.0) };
        TELLING.set(false);
    }

    fn flush(&self) {}
}
