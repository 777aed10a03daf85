//! Drivers in C: registered by name, opened for a site.

use crate::boundary::{Answer, act};
use crate::c_driver::CDriver;
use crate::driver_tables::{Place, Table, protector_cloud, protector_storage_driver};
use crate::error::protector_error;
use crate::reply::protector_reply;
use crate::status::protector_status;
use crate::text::{c_text, text};
use protector_core::config::{Settings, is_driver_name};
use protector_core::connect::{DriverSource, driver_option};
use protector_core::foreign::Foreign;
use protector_core::model::SiteName;
use protector_core::{Error, Result};
use std::collections::BTreeMap;
use std::ffi::{CString, c_char, c_void};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::{Zeroize, Zeroizing};

/// Opens the driver of the array at a site: fills the table, which comes as zeros. options_json: the section [driver:<name>] of
/// the configuration as an object, with env: and file: already read; it is gone when open returns, and so is site. Sends nothing
/// to the array. Says why not with protector_reply_error and another status than PROTECTOR_STATUS_OK; then nothing of the table
/// is looked at, and release is not called.
pub type protector_storage_driver_open = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        site: *const c_char,
        options_json: *const c_char,
        driver: *mut protector_storage_driver,
        reply: *mut protector_reply,
    ) -> i32,
>;

/// The same for the cloud of a site.
pub type protector_cloud_open = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        site: *const c_char,
        options_json: *const c_char,
        cloud: *mut protector_cloud,
        reply: *mut protector_reply,
    ) -> i32,
>;

/// Makes a storage driver known to engines of this process that are opened later, under the name that [engine] storage_driver
/// gives. A name that is known already gets the new one. user_data is handed to open, from any thread, until the process ends.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_storage_driver_register(
    name: *const c_char,
    open: protector_storage_driver_open,
    user_data: *mut c_void,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        act(error, || {
            let open = open.ok_or_else(|| protector_error::null_argument("open"))?;
            STORAGE_DRIVERS.register(text(name, "name")?, open, user_data)
        })
    }
}

/// The same for clouds, under the name that [engine] cloud_driver gives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_cloud_register(
    name: *const c_char,
    open: protector_cloud_open,
    user_data: *mut c_void,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        act(error, || {
            let open = open.ok_or_else(|| protector_error::null_argument("open"))?;
            CLOUDS.register(text(name, "name")?, open, user_data)
        })
    }
}

/// What a program hands in, to get it back. Whether it may be used from several threads is the program's promise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shared(pub(crate) *mut c_void);

// SAFETY: the library never looks behind the pointer; the rules ask the program to
unsafe impl Send for Shared {}
// SAFETY: as above
unsafe impl Sync for Shared {}

type Open<T> = unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char, *mut T, *mut protector_reply) -> i32;

/// What was registered for one option of `[engine]`.
struct Registry<T> {
    option: &'static str,
    own: &'static [&'static str],
    named: Mutex<BTreeMap<String, (Open<T>, Shared)>>,
}

static STORAGE_DRIVERS: Registry<protector_storage_driver> =
    Registry { option: "storage_driver", own: &["pure", "mock"], named: Mutex::new(BTreeMap::new()) };
static CLOUDS: Registry<protector_cloud> =
    Registry { option: "cloud_driver", own: &["openstack", "mock"], named: Mutex::new(BTreeMap::new()) };

impl<T: Table> Registry<T> {
    fn register(&self, name: &str, open: Open<T>, user_data: *mut c_void) -> Answer<()> {
        let is_name = is_driver_name(name);
        if !is_name || self.own.contains(&name) {
            let why = if is_name { "is a driver of the library itself" } else { "is no name of a driver" };
            return Err(Error::invalid(format!("'{name}' {why}"))
                .remedy("choose another one, of letters, digits, '-' and '_'")
                .into());
        }
        self.named().insert(name.to_owned(), (open, Shared(user_data)));
        Ok(())
    }

    fn named(&self) -> MutexGuard<'_, BTreeMap<String, (Open<T>, Shared)>> {
        self.named.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the program fill a table.
    fn open(&self, name: &str, site: &SiteName, settings: &Settings) -> Result<T> {
        let found = self.named().get(name).copied();
        let (open, user_data) = found.ok_or_else(|| self.unknown(name, settings))?;
        let (site, options) = (c_text(site.as_str()), options(name, settings)?);
        let (mut place, mut reply) = (Place::empty(), protector_reply::default());
        // SAFETY: texts and places that outlive the call, and the program's own function and pointer
        let status = unsafe { open(user_data.0, site.as_ptr(), options.0.as_ptr(), place.table(), &raw mut reply) };
        reply.into_done(status, "open").map_err(|e| e.context(format!("[engine] {} = {name}", self.option)))?;
        place.read().ok_or_else(|| {
            Error::internal(format!("driver '{name}' did not say how large its table is"))
                .remedy("set its member size to sizeof, in open")
        })
    }

    fn unknown(&self, name: &str, settings: &Settings) -> Error {
        let option = self.option;
        let place = settings.driver_places.get(option).map(|place| format!("{place}: ")).unwrap_or_default();
        let named: Vec<String> = self.named().keys().cloned().collect();
        let known = if named.is_empty() { "none".to_owned() } else { named.join(", ") };
        Error::configuration(format!(
            "{place}[engine] {option} = {name}: this program has no driver of that name (registered: {known})"
        ))
        .remedy(format!("write one of: {}; or register it before the engine is opened", self.own.join(", ")))
    }
}

/// Text that is wiped when it is not needed any more.
struct Wiped(CString);

impl Drop for Wiped {
    fn drop(&mut self) {
        std::mem::take(&mut self.0).into_bytes().zeroize();
    }
}

/// The section `[driver:<name>]` as an object, with secrets in place of their references.
fn options(name: &str, settings: &Settings) -> Result<Wiped> {
    let mut read = BTreeMap::new();
    for option in settings.drivers.get(&name.to_lowercase()).into_iter().flat_map(|options| options.keys()) {
        if let Some(value) = driver_option(settings, name, option)? {
            read.insert(option, value);
        }
    }
    let shown: BTreeMap<_, _> = read.iter().map(|(option, value)| (option, value.expose())).collect();
    // large enough that nothing is left behind by growing
    let room = shown.iter().map(|(option, value)| 6 * (option.len() + value.len()) + 8).sum::<usize>() + 8;
    let mut json = Zeroizing::new(Vec::with_capacity(room));
    serde_json::to_writer(&mut *json, &shown)?;
    CString::new(json.as_slice()).map(Wiped).map_err(|e| Error::internal("options are not text").source(e))
}

/// The drivers that were registered in this process.
#[derive(Debug)]
pub(crate) struct RegisteredDrivers;

impl DriverSource for RegisteredDrivers {
    fn storage(&self, name: &str, site: &SiteName, settings: &Settings) -> Result<Arc<dyn Foreign>> {
        let table = STORAGE_DRIVERS.open(name, site, settings)?;
        // SAFETY: a table that the program has just filled
        Ok(Arc::new(unsafe { CDriver::new(name, &table) }?))
    }

    fn cloud(&self, name: &str, site: &SiteName, settings: &Settings) -> Result<Arc<dyn Foreign>> {
        let table = CLOUDS.open(name, site, settings)?;
        // SAFETY: a table that the program has just filled
        Ok(Arc::new(unsafe { CDriver::new(name, &table) }?))
    }
}
