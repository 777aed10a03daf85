//! Tables as a program would fill them: the drivers of the simulated world behind functions of C, put to the suites.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by panicking")]

use crate::driver_tables::{Place, Table, protector_cloud, protector_driver_method, protector_storage_driver};
use crate::drivers::{RegisteredDrivers, protector_cloud_register, protector_storage_driver_register};
use crate::reply::{protector_reply, protector_reply_error, protector_reply_json};
use crate::status::protector_status;
use protector_core::config::Settings;
use protector_core::connect::DriverSource;
use protector_core::foreign::{Foreign, ForeignCloud, ForeignStorageDriver, LoopbackArray, LoopbackCloud};
use protector_core::mock::{World, WorldLocation, WorldTime, cloud_subject, storage_subject};
use protector_core::ports::StorageDriver;
use protector_core::ports::conformance::{cloud, run_all, storage};
use protector_core::{Error, ErrorKind, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What stands behind the functions of one table.
struct Behind {
    foreign: Arc<dyn Foreign>,
    /// Texts of a table live until it is released.
    capabilities: Option<CString>,
    released: Arc<AtomicUsize>,
}

unsafe fn forward(
    method: &'static str,
    user_data: *mut c_void,
    arguments: *const c_char,
    reply: *mut protector_reply,
) -> i32 {
    // SAFETY: as `open` below has put it there
    let (behind, arguments) = unsafe { (&*user_data.cast::<Behind>(), CStr::from_ptr(arguments)) };
    match behind.foreign.call(method, arguments.to_str().unwrap()) {
        Ok(json) => {
            let json = CString::new(json).unwrap();
            // SAFETY: the library's own place, and text
            unsafe { protector_reply_json(reply, json.as_ptr()) };
            protector_status::Ok as i32
        }
        Err(e) => refuse(reply, &e),
    }
}

fn refuse(reply: *mut protector_reply, error: &Error) -> i32 {
    let message = CString::new(error.message()).unwrap();
    let remedy = error.remedy_text().map(|remedy| CString::new(remedy).unwrap());
    // SAFETY: the library's own place, and texts
    unsafe { protector_reply_error(reply, message.as_ptr(), remedy.as_ref().map_or(null(), |text| text.as_ptr())) };
    protector_status::from(error.kind()) as i32
}

unsafe extern "C" fn release(user_data: *mut c_void) {
    // SAFETY: as `open` below has put it there; once
    let behind = unsafe { Box::from_raw(user_data.cast::<Behind>()) };
    behind.released.fetch_add(1, Ordering::SeqCst);
}

macro_rules! functions {
    ($table:ident, $fill:ident: $($method:ident)*) => {
        fn $fill(user_data: *mut c_void, name: *const c_char, capabilities_json: *const c_char) -> $table {
            $(unsafe extern "C" fn $method(at: *mut c_void, arguments: *const c_char, reply: *mut protector_reply) -> i32 {
                // SAFETY: as the library calls it
                unsafe { forward(stringify!($method), at, arguments, reply) }
            })*
            $table {
                size: size_of::<$table>(),
                driver_name: name,
                endpoint: name,
                capabilities_json,
                user_data,
                release: Some(release),
                $($method: Some($method),)*
            }
        }
    };
}

functions!(protector_storage_driver, storage_table:
    info peers group recovery_points newest_complete standby_groups replication_status transfer_status volumes preflight
    ensure_group ensure_members ensure_replication accept_from_peer create_protection_group_snapshot clone_volumes
    remove_clones demote promote fence unfence disable_replication retire_group);
functions!(protector_cloud, cloud_table:
    ping volume_types consistency_group ensure_consistency_group ensure_group_members delete_consistency_group servers server
    volume networks flavors security_groups quota stop_server start_server import_volume retype_volume release_volume
    ensure_port delete_port ensure_server delete_server);

/// A driver, and what it can do if it says so.
type Next = (Arc<dyn Foreign>, Option<CString>);

/// What `open` hands out next, and what is done to a table before it is handed out.
struct Shelf<T> {
    next: Mutex<Vec<Next>>,
    mend: fn(&mut T),
    released: Arc<AtomicUsize>,
    options: Mutex<Vec<String>>,
}

impl<T> Shelf<T> {
    /// Lives as long as the process, as the registry does.
    fn new(mend: fn(&mut T)) -> &'static Self {
        Box::leak(Box::new(Self { next: Mutex::default(), mend, released: Arc::default(), options: Mutex::default() }))
    }

    fn user_data(&'static self) -> *mut c_void {
        std::ptr::from_ref(self).cast_mut().cast()
    }

    fn put(&self, next: Next) {
        self.next.lock().unwrap().push(next);
    }

    fn released(&self) -> usize {
        self.released.load(Ordering::SeqCst)
    }

    unsafe fn open(
        at: *mut c_void,
        options: *const c_char,
        place: *mut T,
        reply: *mut protector_reply,
        fill: fn(*mut c_void, *const c_char, *const c_char) -> T,
    ) -> i32 {
        // SAFETY: as it was registered, and text of the library
        let (shelf, options) = unsafe { (&*at.cast::<Self>(), CStr::from_ptr(options)) };
        shelf.options.lock().unwrap().push(options.to_str().unwrap().to_owned());
        let Some((foreign, capabilities)) = shelf.next.lock().unwrap().pop() else {
            return refuse(reply, &Error::configuration("nothing is left").remedy("put something there"));
        };
        let behind = Behind { foreign, capabilities, released: Arc::clone(&shelf.released) };
        let behind = Box::into_raw(Box::new(behind));
        // SAFETY: made in the line before
        let capabilities = unsafe { &*behind }.capabilities.as_ref().map_or(null(), |text| text.as_ptr());
        let mut table = fill(behind.cast(), c"InC".as_ptr(), capabilities);
        (shelf.mend)(&mut table);
        // SAFETY: the library's own place
        unsafe { place.write(table) };
        protector_status::Ok as i32
    }
}

unsafe extern "C" fn open_storage(
    at: *mut c_void,
    _: *const c_char,
    options: *const c_char,
    place: *mut protector_storage_driver,
    reply: *mut protector_reply,
) -> i32 {
    // SAFETY: as the library calls it
    unsafe { Shelf::open(at, options, place, reply, storage_table) }
}

unsafe extern "C" fn open_cloud(
    at: *mut c_void,
    _: *const c_char,
    options: *const c_char,
    place: *mut protector_cloud,
    reply: *mut protector_reply,
) -> i32 {
    // SAFETY: as the library calls it
    unsafe { Shelf::open(at, options, place, reply, cloud_table) }
}

/// A shelf under a name of its own.
fn arrays(name: &CStr, mend: fn(&mut protector_storage_driver)) -> &'static Shelf<protector_storage_driver> {
    let shelf = Shelf::new(mend);
    // SAFETY: text, and a pointer that stays
    let done =
        unsafe { protector_storage_driver_register(name.as_ptr(), Some(open_storage), shelf.user_data(), null_mut()) };
    assert_eq!(done, protector_status::Ok);
    shelf
}

fn settings(text: &str) -> Settings {
    Settings::from_text(text, &BTreeMap::new()).unwrap()
}

fn open(name: &str, settings: &Settings) -> Result<Arc<dyn Foreign>> {
    RegisteredDrivers.storage(name, &"site-a".into(), settings)
}

fn world() -> Result<World> {
    World::open(&WorldLocation::Memory, WorldTime::Virtual)
}

fn next_array(driver: &Arc<dyn StorageDriver>, optional: bool) -> Next {
    let capabilities = serde_json::to_string(&driver.capabilities()).unwrap();
    (Arc::new(LoopbackArray { driver: Arc::clone(driver), optional }), CString::new(capabilities).ok())
}

fn array() -> Next {
    next_array(&storage_subject(&world().unwrap()).unwrap().source, true)
}

fn without_optional(table: &mut protector_storage_driver) {
    (table.newest_complete, table.standby_groups) = (None, None);
}

#[tokio::test]
async fn an_array_keeps_its_promises_behind_a_table() {
    let (all, some) = (arrays(c"loopback-all", |_| ()), arrays(c"loopback-some", without_optional));
    for (optional, name, shelf) in [(true, "loopback-all", all), (false, "loopback-some", some)] {
        let report = run_all(&storage::suite(), async || {
            let mut subject = storage_subject(&world()?)?;
            for driver in [&mut subject.source, &mut subject.target] {
                shelf.put(next_array(driver, optional));
                let foreign = open(name, &settings(""))?;
                *driver = Arc::new(ForeignStorageDriver::open(foreign, Arc::clone(&subject.clock)).await?);
            }
            Ok(subject)
        })
        .await;
        assert_eq!(report.skipped(), ["what_is_not_offered_is_unsupported"]);
        report.into_result().unwrap_or_else(|report| panic!("{report}"));
        assert_eq!(shelf.released(), shelf.options.lock().unwrap().len());
    }
}

#[tokio::test]
async fn a_cloud_keeps_its_promises_behind_a_table() {
    let shelf = Shelf::<protector_cloud>::new(|_| ());
    // SAFETY: text, and a pointer that stays
    let done =
        unsafe { protector_cloud_register(c"loopback-sky".as_ptr(), Some(open_cloud), shelf.user_data(), null_mut()) };
    assert_eq!(done, protector_status::Ok);
    let report = run_all(&cloud::suite(), async || {
        let mut subject = cloud_subject(&world()?)?;
        shelf.put((Arc::new(LoopbackCloud(Arc::clone(&subject.cloud))), None));
        let foreign = RegisteredDrivers.cloud("loopback-sky", &"site-b".into(), &settings(""))?;
        subject.cloud = Arc::new(ForeignCloud::open(foreign, Arc::clone(&subject.clock)).await?);
        Ok(subject)
    })
    .await;
    assert!(report.skipped().is_empty(), "{report}");
    report.into_result().unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(shelf.released(), shelf.options.lock().unwrap().len());
}

/// The methods that the core asks for by name.
fn asked_for(source: &str) -> BTreeSet<&str> {
    let calls = source.split("self.link.").skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix("read(").or_else(|| rest.strip_prefix("change("))?;
        rest.split('"').nth(1)
    });
    calls.collect()
}

#[test]
fn tables_have_every_method_of_the_ports() {
    fn names(table: &impl Table) -> BTreeSet<&'static str> {
        table.methods().into_iter().map(|(name, _)| name).collect()
    }
    let storage = storage_table(null_mut(), null(), null());
    assert_eq!(names(&storage), asked_for(include_str!("../../protector-core/src/foreign/storage.rs")));
    let cloud = cloud_table(null_mut(), null(), null());
    assert_eq!(names(&cloud), asked_for(include_str!("../../protector-core/src/foreign/cloud.rs")));
    // each under its own name, and nothing beside them
    let all: Vec<protector_driver_method> = storage.methods().into_iter().map(|(_, function)| function).collect();
    assert!(all.iter().all(Option::is_some));
    let words = |bytes: usize| bytes / size_of::<usize>();
    assert_eq!(words(size_of::<protector_storage_driver>()), 6 + storage.methods().len());
    assert_eq!(words(size_of::<protector_cloud>()), 6 + cloud.methods().len());
}

#[test]
fn a_table_says_how_large_it_is() {
    let head = protector_storage_driver::HEAD;
    let sizes =
        [(0, false), (head - 8, false), (head, true), (head + 4, false), (head + 8, true), (4096, true), (4104, false)];
    for (size, is_read) in sizes {
        let mut place = Place::<protector_storage_driver>::empty();
        let table = storage_table(null_mut(), null(), null());
        // SAFETY: the place that was made for it
        unsafe { place.table().write(protector_storage_driver { size, ..table }) };
        let read = place.read();
        assert_eq!(read.is_some(), is_read, "{size}");
        let methods = read.map(|table| table.methods().iter().filter(|(_, function)| function.is_some()).count());
        // what an older table does not have is not there, whatever lies behind it
        assert_eq!(methods, is_read.then(|| ((size - head) / 8).min(23)), "{size}");
    }
    let shelf = arrays(c"sizeless", |table| table.size = 0);
    shelf.put(array());
    let e = open("sizeless", &settings("")).unwrap_err();
    assert!(e.message().contains("'sizeless' did not say how large"), "{e}");
}

#[test]
fn a_driver_is_let_go_once() {
    let shelf = arrays(c"released", |_| ());
    shelf.put(array());
    let driver = open("released", &settings("")).unwrap();
    let second = Arc::clone(&driver);
    drop(driver);
    assert_eq!(shelf.released(), 0);
    drop(second);
    assert_eq!(shelf.released(), 1);
    // one that refuses to be opened holds nothing
    let e = open("released", &settings("")).unwrap_err();
    assert_eq!((e.kind(), e.remedy_text()), (ErrorKind::InvalidConfiguration, Some("put something there")));
    assert!(
        e.message().contains("[engine] storage_driver = released") && e.message().contains("nothing is left"),
        "{e}"
    );
    assert_eq!(shelf.released(), 1);

    for (name, mend, words) in [
        (
            c"nameless",
            (|table| table.driver_name = null()) as fn(&mut protector_storage_driver),
            "'driver_name' is NULL",
        ),
        (c"no-json", |table| table.capabilities_json = c"{".as_ptr(), "capabilities_json"),
        (c"no-text", |table| table.endpoint = c"\xff".as_ptr(), "'endpoint' is not UTF-8"),
    ] {
        let shelf = arrays(name, mend);
        shelf.put(array());
        let e = open(name.to_str().unwrap(), &settings("")).unwrap_err();
        assert!(e.kind() == ErrorKind::Internal && e.message().contains(words), "{e}");
        assert_eq!(shelf.released(), 1, "what was opened is let go");
    }
}

#[test]
fn what_a_driver_answers_is_read_with_care() {
    unsafe extern "C" fn nothing(_: *mut c_void, _: *const c_char, _: *mut protector_reply) -> i32 {
        0
    }
    unsafe extern "C" fn nobody_knows(_: *mut c_void, _: *const c_char, _: *mut protector_reply) -> i32 {
        4711
    }
    unsafe extern "C" fn panicked(_: *mut c_void, _: *const c_char, reply: *mut protector_reply) -> i32 {
        // SAFETY: the library's own place, and text
        unsafe { protector_reply_error(reply, c"slipped".as_ptr(), null()) };
        protector_status::Panic as i32
    }
    unsafe extern "C" fn garbled(_: *mut c_void, _: *const c_char, reply: *mut protector_reply) -> i32 {
        // SAFETY: as above; NULL is harmless
        unsafe {
            protector_reply_json(null_mut(), c"{}".as_ptr());
            protector_reply_json(reply, c"\xff".as_ptr());
        }
        0
    }
    let shelf = arrays(c"careless", |table| {
        table.info = Some(nothing);
        table.peers = Some(nobody_knows);
        table.group = Some(panicked);
        table.volumes = Some(garbled);
        table.fence = None;
    });
    shelf.put(array());
    let driver = open("careless", &settings("")).unwrap();
    for (method, kind, words) in [
        ("info", ErrorKind::Internal, "info returned without an answer"),
        ("peers", ErrorKind::Internal, "peers failed with status 4711"),
        ("group", ErrorKind::Internal, "slipped"),
        ("volumes", ErrorKind::Internal, "volumes: its reply: argument 'json' is not UTF-8"),
        ("fence", ErrorKind::Unsupported, "does not offer fence"),
        ("no_such_method", ErrorKind::Unsupported, "does not offer no_such_method"),
    ] {
        let e = driver.call(method, "{}").unwrap_err();
        assert!(e.kind() == kind && e.message().contains(words), "{e:?}");
    }
}

#[test]
fn options_go_over_with_their_secrets_read() {
    let shelf = arrays(c"Optional", |_| ());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "T-\"hidden\"\n").unwrap();
    let text = format!(
        "[engine]\nstorage_driver = Optional\n[driver:optional]\ndirectory = /srv\ntoken = file:{}\n",
        file.path().display()
    );
    let configured = settings(&text);
    shelf.put(array());
    open("Optional", &configured).unwrap();
    assert_eq!(shelf.options.lock().unwrap().pop().unwrap(), r#"{"directory":"/srv","token":"T-\"hidden\""}"#);
    let absent =
        settings("[engine]\nstorage_driver = Optional\n[driver:optional]\ntoken = env:PROTECTOR_TEST_NEVER_SET\n");
    let e = open("Optional", &absent).unwrap_err();
    assert!(e.kind() == ErrorKind::InvalidConfiguration && e.message().contains("[driver:optional] token"), "{e}");
}

#[test]
fn a_name_that_nobody_registered_is_shown_with_its_line() {
    arrays(c"known-one", |_| ());
    let e = open("rock", &settings("[engine]\nstorage_driver = rock\n")).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::InvalidConfiguration);
    assert!(
        e.message().contains("<text>:2: [engine] storage_driver = rock") && e.message().contains("known-one"),
        "{e}"
    );
    assert!(e.remedy_text().is_some_and(|remedy| remedy.contains("pure, mock")), "{e}");
    let e = RegisteredDrivers.cloud("known-one", &"site-a".into(), &settings("")).unwrap_err();
    assert!(e.message().contains("[engine] cloud_driver = known-one"), "an array is no cloud: {e}");
}

#[test]
fn names_that_the_configuration_would_not_reach_are_refused() {
    for name in [c"pure", c"mock", c"", c"two words", c"-dash"] {
        // SAFETY: text
        let refused =
            unsafe { protector_storage_driver_register(name.as_ptr(), Some(open_storage), null_mut(), null_mut()) };
        assert_eq!(refused, protector_status::InvalidRequest, "{name:?}");
    }
    // SAFETY: NULL is what is tested
    unsafe {
        let refused = protector_cloud_register(c"openstack".as_ptr(), Some(open_cloud), null_mut(), null_mut());
        assert_eq!(refused, protector_status::InvalidRequest);
        let refused = protector_cloud_register(c"sky".as_ptr(), None, null_mut(), null_mut());
        assert_eq!(refused, protector_status::NullArgument);
        let refused = protector_storage_driver_register(null(), Some(open_storage), null_mut(), null_mut());
        assert_eq!(refused, protector_status::NullArgument);
    }
}
