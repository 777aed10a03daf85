//! Tables of functions: what a driver in C looks like.

use crate::reply::protector_reply;
use std::ffi::{c_char, c_void};
use std::mem::offset_of;

/// A method of a driver. arguments_json: an object of the arguments by name, of a change also "context" (op_key, epoch,
/// deadline). Answers with protector_reply_json and PROTECTOR_STATUS_OK, a change with {"outcome": "done" | "already_done",
/// "value": …} or {"outcome": "in_progress", "poll_after": seconds}; or says why not with protector_reply_error and returns
/// another status. One that nobody knows counts as PROTECTOR_STATUS_INTERNAL. Called from threads of the library, several at a
/// time; it must not wait for long work, nor leave by longjmp or an exception, nor call this library but for its reply.
pub type protector_driver_method = Option<
    unsafe extern "C" fn(user_data: *mut c_void, arguments_json: *const c_char, reply: *mut protector_reply) -> i32,
>;

/// Lets go of what a driver holds.
pub type protector_driver_release = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// An array. A pair that replicates is two of them.
///
/// A method that is NULL gives PROTECTOR_STATUS_UNSUPPORTED. All texts stay as they are until release is called.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct protector_storage_driver {
    /// sizeof of this struct in the program, always set: versions of the library differ in how many methods there are.
    pub size: usize,
    /// Name of the driver, for logs: "SparseFiles".
    pub driver_name: *const c_char,
    /// What stands behind it, for messages: a host, a directory. Never a secret.
    pub endpoint: *const c_char,
    /// What it can do, as JSON.
    pub capabilities_json: *const c_char,
    /// Handed to each method.
    pub user_data: *mut c_void,
    /// Called once, by any thread, when nobody uses the driver any more. NULL: nothing is to be done.
    pub release: protector_driver_release,
    /// Identity, name and clock.
    pub info: protector_driver_method,
    /// Connected arrays.
    pub peers: protector_driver_method,
    /// One group; null: there is none of that name.
    pub group: protector_driver_method,
    /// Recovery points of a group, in any order.
    pub recovery_points: protector_driver_method,
    /// NULL: picked from recovery_points.
    pub newest_complete: protector_driver_method,
    /// NULL: each group is asked for by itself.
    pub standby_groups: protector_driver_method,
    /// How replication of a group stands.
    pub replication_status: protector_driver_method,
    /// How far a recovery point has come here.
    pub transfer_status: protector_driver_method,
    /// Volumes, by name.
    pub volumes: protector_driver_method,
    /// What the array would object to.
    pub preflight: protector_driver_method,
    /// A group with its owner's mark.
    pub ensure_group: protector_driver_method,
    /// Members, all or none.
    pub ensure_members: protector_driver_method,
    /// Target and schedule.
    pub ensure_replication: protector_driver_method,
    /// What the target allows.
    pub accept_from_peer: protector_driver_method,
    /// One instant for all members.
    pub create_protection_group_snapshot: protector_driver_method,
    /// Volumes of one recovery point.
    pub clone_volumes: protector_driver_method,
    /// Destroys clones, never eradicates.
    pub remove_clones: protector_driver_method,
    /// NULL: not offered.
    pub demote: protector_driver_method,
    /// NULL: not offered.
    pub promote: protector_driver_method,
    /// NULL: not offered.
    pub fence: protector_driver_method,
    /// NULL: not offered.
    pub unfence: protector_driver_method,
    /// Turns the schedule off.
    pub disable_replication: protector_driver_method,
    /// Destroys a group, never eradicates.
    pub retire_group: protector_driver_method,
}

/// An OpenStack cloud, or what stands for one.
///
/// A method that is NULL gives PROTECTOR_STATUS_UNSUPPORTED. All texts stay as they are until release is called.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct protector_cloud {
    /// sizeof of this struct in the program, always set: versions of the library differ in how many methods there are.
    pub size: usize,
    /// Name of the driver, for logs: "SparseFiles".
    pub driver_name: *const c_char,
    /// What stands behind it, for messages: a host, a directory. Never a secret.
    pub endpoint: *const c_char,
    /// Not used; NULL.
    pub capabilities_json: *const c_char,
    /// Handed to each method.
    pub user_data: *mut c_void,
    /// Called once, by any thread, when nobody uses the driver any more. NULL: nothing is to be done.
    pub release: protector_driver_release,
    /// Whether it answers, and its clock.
    pub ping: protector_driver_method,
    /// All volume types.
    pub volume_types: protector_driver_method,
    /// One Cinder group; null: there is none.
    pub consistency_group: protector_driver_method,
    /// A Cinder group.
    pub ensure_consistency_group: protector_driver_method,
    /// Exactly these volumes.
    pub ensure_group_members: protector_driver_method,
    /// An empty group.
    pub delete_consistency_group: protector_driver_method,
    /// All servers of the project.
    pub servers: protector_driver_method,
    /// One server; null: there is none.
    pub server: protector_driver_method,
    /// One volume; null: there is none.
    pub volume: protector_driver_method,
    /// Networks.
    pub networks: protector_driver_method,
    /// Flavors.
    pub flavors: protector_driver_method,
    /// NULL: nobody can tell.
    pub security_groups: protector_driver_method,
    /// What is left.
    pub quota: protector_driver_method,
    /// Stops cleanly.
    pub stop_server: protector_driver_method,
    /// Starts.
    pub start_server: protector_driver_method,
    /// Takes an array volume under management.
    pub import_volume: protector_driver_method,
    /// Another type of the same backend.
    pub retype_volume: protector_driver_method,
    /// Gives a volume back to the array.
    pub release_volume: protector_driver_method,
    /// A port.
    pub ensure_port: protector_driver_method,
    /// A port.
    pub delete_port: protector_driver_method,
    /// A server, up to ACTIVE.
    pub ensure_server: protector_driver_method,
    /// Keeps its volumes and ports.
    pub delete_server: protector_driver_method,
}

/// A method by its name in the port.
pub(crate) type Method = (&'static str, protector_driver_method);

/// What all tables begin with.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) size: usize,
    pub(crate) driver_name: *const c_char,
    pub(crate) endpoint: *const c_char,
    pub(crate) capabilities_json: *const c_char,
    pub(crate) user_data: *mut c_void,
    pub(crate) release: protector_driver_release,
}

/// A table that a program fills.
///
/// # Safety
/// All zeros are a valid value, and `HEAD` bytes hold what [`Head`] has.
pub(crate) unsafe trait Table: Copy {
    /// Size of what comes before the methods.
    const HEAD: usize;

    fn head(&self) -> Head;

    fn methods(&self) -> Vec<Method>;
}

// SAFETY: integers, pointers and optional functions, which may all be zero; the head comes first
unsafe impl Table for protector_storage_driver {
    const HEAD: usize = offset_of!(protector_storage_driver, info);

    fn head(&self) -> Head {
        let Self { size, driver_name, endpoint, capabilities_json, user_data, release, .. } = *self;
        Head { size, driver_name, endpoint, capabilities_json, user_data, release }
    }

    fn methods(&self) -> Vec<Method> {
        vec![
            ("info", self.info),
            ("peers", self.peers),
            ("group", self.group),
            ("recovery_points", self.recovery_points),
            ("newest_complete", self.newest_complete),
            ("standby_groups", self.standby_groups),
            ("replication_status", self.replication_status),
            ("transfer_status", self.transfer_status),
            ("volumes", self.volumes),
            ("preflight", self.preflight),
            ("ensure_group", self.ensure_group),
            ("ensure_members", self.ensure_members),
            ("ensure_replication", self.ensure_replication),
            ("accept_from_peer", self.accept_from_peer),
            ("create_protection_group_snapshot", self.create_protection_group_snapshot),
            ("clone_volumes", self.clone_volumes),
            ("remove_clones", self.remove_clones),
            ("demote", self.demote),
            ("promote", self.promote),
            ("fence", self.fence),
            ("unfence", self.unfence),
            ("disable_replication", self.disable_replication),
            ("retire_group", self.retire_group),
        ]
    }
}

// SAFETY: integers, pointers and optional functions, which may all be zero; the head comes first
unsafe impl Table for protector_cloud {
    const HEAD: usize = offset_of!(protector_cloud, ping);

    fn head(&self) -> Head {
        let Self { size, driver_name, endpoint, capabilities_json, user_data, release, .. } = *self;
        Head { size, driver_name, endpoint, capabilities_json, user_data, release }
    }

    fn methods(&self) -> Vec<Method> {
        vec![
            ("ping", self.ping),
            ("volume_types", self.volume_types),
            ("consistency_group", self.consistency_group),
            ("ensure_consistency_group", self.ensure_consistency_group),
            ("ensure_group_members", self.ensure_group_members),
            ("delete_consistency_group", self.delete_consistency_group),
            ("servers", self.servers),
            ("server", self.server),
            ("volume", self.volume),
            ("networks", self.networks),
            ("flavors", self.flavors),
            ("security_groups", self.security_groups),
            ("quota", self.quota),
            ("stop_server", self.stop_server),
            ("start_server", self.start_server),
            ("import_volume", self.import_volume),
            ("retype_volume", self.retype_volume),
            ("release_volume", self.release_volume),
            ("ensure_port", self.ensure_port),
            ("delete_port", self.delete_port),
            ("ensure_server", self.ensure_server),
            ("delete_server", self.delete_server),
        ]
    }
}

/// Room for a table, also for one of a later version, which has more methods.
#[repr(C)]
pub(crate) union Place<T: Table> {
    table: T,
    room: [usize; 512],
}

impl<T: Table> Place<T> {
    pub(crate) fn empty() -> Self {
        Self { room: [0; 512] }
    }

    pub(crate) fn table(&mut self) -> *mut T {
        // of the whole room, not of this version's table
        std::ptr::from_mut(self).cast()
    }

    /// What the program wrote, and zeros for what its version of the table does not have. `None`: its size is none.
    pub(crate) fn read(&self) -> Option<T> {
        // SAFETY: all zeros are valid, and a program writes a table, maybe a longer one
        let size = unsafe { self.table }.head().size;
        if size < T::HEAD || size > size_of::<Self>() || size % size_of::<usize>() != 0 {
            return None;
        }
        let mut known = Self::empty();
        // SAFETY: both places are as large as that; a table is whole words
        unsafe {
            std::ptr::copy_nonoverlapping(
                (&raw const *self).cast::<u8>(),
                (&raw mut known).cast::<u8>(),
                size.min(size_of::<T>()),
            );
            Some(known.table)
        }
    }
}
