//! The numbers that functions return, fixed for ever: new ones are added, none is changed or used again.

use crate::boundary::shielded;
use protector_core::ErrorKind;
use std::ffi::{CStr, c_char};

/// How a call went. What a status means is what the caller may do next.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum protector_status {
    /// Done.
    Ok = 0,
    /// The request itself is wrong: mend the named field. Never worth a retry.
    InvalidRequest = 1,
    /// The configuration is wrong: mend the named file and line.
    InvalidConfiguration = 2,
    /// The named object does not exist.
    NotFound = 3,
    /// An object of that name or identity exists already.
    AlreadyExists = 4,
    /// Somebody else acted or owns it. A human decides.
    Conflict = 5,
    /// The world differs from what the call needs. Plan again.
    Precondition = 6,
    /// A volume or volume type breaks an eligibility rule. Every violation is in the message.
    NotEligible = 7,
    /// The plan has blockers. The message names the remedies.
    PlanBlocked = 8,
    /// The world changed since the plan was made. Plan again.
    PlanStale = 9,
    /// The other site cannot be reached, so the change was refused and nothing was written.
    PeerUnreachable = 10,
    /// An array, cloud or database cannot be reached.
    Unreachable = 11,
    /// Credentials were rejected.
    Unauthenticated = 12,
    /// Credentials are valid but not sufficient.
    Forbidden = 13,
    /// Would probably pass later. Retry, waiting longer each time.
    Transient = 14,
    /// The request may or may not have been applied. Look first, then decide.
    Indeterminate = 15,
    /// The deadline passed. The journal says how far it came.
    DeadlineExceeded = 16,
    /// The caller asked to stop. Run the operation again to continue it.
    Cancelled = 17,
    /// The object was destroyed but can still be recovered.
    PendingEradication = 18,
    /// A limit of the array or cloud was reached.
    LimitReached = 19,
    /// The endpoint or this build cannot do it.
    Unsupported = 20,
    /// It would break a data-safety rule, for example remove the last recovery point.
    DataSafety = 21,
    /// A local file or database cannot be read or written.
    Storage = 22,
    /// A defect of the engine or an unreadable reply. Please report it.
    Internal = 23,
    /// A pointer was NULL where that is not allowed. The message names the argument.
    NullArgument = 100,
    /// Text was not UTF-8. The message names the argument.
    InvalidUtf8 = 101,
    /// The library panicked, which is a defect. Please report it.
    Panic = 102,
}

use protector_status as Status;

struct Row(Status, Option<ErrorKind>, &'static CStr);

/// One row per status: the kind of error it stands for, and its name.
const ROWS: [Row; 27] = [
    Row(Status::Ok, None, c"ok"),
    Row(Status::InvalidRequest, Some(ErrorKind::InvalidRequest), c"invalid_request"),
    Row(Status::InvalidConfiguration, Some(ErrorKind::InvalidConfiguration), c"invalid_configuration"),
    Row(Status::NotFound, Some(ErrorKind::NotFound), c"not_found"),
    Row(Status::AlreadyExists, Some(ErrorKind::AlreadyExists), c"already_exists"),
    Row(Status::Conflict, Some(ErrorKind::Conflict), c"conflict"),
    Row(Status::Precondition, Some(ErrorKind::Precondition), c"precondition"),
    Row(Status::NotEligible, Some(ErrorKind::NotEligible), c"not_eligible"),
    Row(Status::PlanBlocked, Some(ErrorKind::PlanBlocked), c"plan_blocked"),
    Row(Status::PlanStale, Some(ErrorKind::PlanStale), c"plan_stale"),
    Row(Status::PeerUnreachable, Some(ErrorKind::PeerUnreachable), c"peer_unreachable"),
    Row(Status::Unreachable, Some(ErrorKind::Unreachable), c"unreachable"),
    Row(Status::Unauthenticated, Some(ErrorKind::Unauthenticated), c"unauthenticated"),
    Row(Status::Forbidden, Some(ErrorKind::Forbidden), c"forbidden"),
    Row(Status::Transient, Some(ErrorKind::Transient), c"transient"),
    Row(Status::Indeterminate, Some(ErrorKind::Indeterminate), c"indeterminate"),
    Row(Status::DeadlineExceeded, Some(ErrorKind::DeadlineExceeded), c"deadline_exceeded"),
    Row(Status::Cancelled, Some(ErrorKind::Cancelled), c"cancelled"),
    Row(Status::PendingEradication, Some(ErrorKind::PendingEradication), c"pending_eradication"),
    Row(Status::LimitReached, Some(ErrorKind::LimitReached), c"limit_reached"),
    Row(Status::Unsupported, Some(ErrorKind::Unsupported), c"unsupported"),
    Row(Status::DataSafety, Some(ErrorKind::DataSafety), c"data_safety"),
    Row(Status::Storage, Some(ErrorKind::Storage), c"storage"),
    Row(Status::Internal, Some(ErrorKind::Internal), c"internal"),
    Row(Status::NullArgument, None, c"null_argument"),
    Row(Status::InvalidUtf8, None, c"invalid_utf8"),
    Row(Status::Panic, None, c"panic"),
];

impl protector_status {
    pub(crate) fn name(self) -> &'static CStr {
        name_of(self as i32).unwrap_or(c"internal")
    }

    /// The kind of error that a number stands for; none for those of calls, and for numbers that nobody knows.
    pub(crate) fn kind_of(number: i32) -> Option<ErrorKind> {
        ROWS.iter().find(|row| row.0 as i32 == number).and_then(|row| row.1)
    }
}

impl From<ErrorKind> for protector_status {
    /// A kind that has no number yet reads as `Internal`; a test keeps that from happening.
    fn from(kind: ErrorKind) -> Self {
        ROWS.iter().find(|row| row.1 == Some(kind)).map_or(Self::Internal, |row| row.0)
    }
}

fn name_of(number: i32) -> Option<&'static CStr> {
    ROWS.iter().find(|row| row.0 as i32 == number).map(|row| row.2)
}

/// The name of a status, as in "not_found"; NULL for a number that this library does not know. Belongs to the library.
#[unsafe(no_mangle)]
pub extern "C" fn protector_status_name(status: i32) -> *const c_char {
    shielded(std::ptr::null(), || name_of(status).map_or(std::ptr::null(), CStr::as_ptr))
}
