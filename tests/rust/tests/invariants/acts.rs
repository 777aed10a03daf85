//! What can be done, and what can happen.

use proptest::prelude::*;

/// Both sites.
pub(crate) const SITES: [&str; 2] = ["site-a", "site-b"];

/// Something that somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Sync,
    Test,
    Cleanup,
    Planned,
    Unplanned,
    Failback,
    Reprotect,
    Commit,
    Retry,
}

/// What befalls an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mishap {
    None,
    /// Its executor freezes at this journal write or wait, and is never heard of again.
    Freezes(u8),
    /// The reply of the n-th call of a changing method of the array of site-b never comes.
    LosesReply(u8),
}

/// One act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// The workload writes where it runs.
    Write(u8),
    /// Minutes pass.
    Pass(u8),
    /// A site goes or comes back.
    Site { site: &'static str, up: bool },
    /// The link between the arrays goes or comes back.
    Link { up: bool },
    /// Somebody plans, accepts and runs.
    Operate { from: &'static str, wish: Wish, mishap: Mishap },
    /// Somebody goes on with whatever is open.
    Resume { from: &'static str },
    /// Somebody gives up whatever is open.
    Abort { from: &'static str, leave_peer: bool },
    /// Somebody has the metadata of his site pushed to the other one.
    SyncMetadata { from: &'static str },
}

fn wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        2 => Just(Wish::Sync),
        1 => Just(Wish::Test),
        1 => Just(Wish::Cleanup),
        4 => Just(Wish::Planned),
        3 => Just(Wish::Unplanned),
        3 => Just(Wish::Failback),
        3 => Just(Wish::Reprotect),
        1 => Just(Wish::Commit),
        1 => Just(Wish::Retry),
    ]
}

fn mishap() -> impl Strategy<Value = Mishap> {
    prop_oneof![
        3 => Just(Mishap::None),
        2 => (1..70_u8).prop_map(Mishap::Freezes),
        1 => (1..4_u8).prop_map(Mishap::LosesReply),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let site = || prop::sample::select(SITES.as_slice());
    prop_oneof![
        3 => (1..9_u8).prop_map(Act::Write),
        1 => (1..30_u8).prop_map(Act::Pass),
        3 => (site(), any::<bool>()).prop_map(|(site, up)| Act::Site { site, up }),
        1 => any::<bool>().prop_map(|up| Act::Link { up }),
        8 => (site(), wish(), mishap()).prop_map(|(from, wish, mishap)| Act::Operate { from, wish, mishap }),
        4 => site().prop_map(|from| Act::Resume { from }),
        2 => (site(), any::<bool>()).prop_map(|(from, leave_peer)| Act::Abort { from, leave_peer }),
        2 => site().prop_map(|from| Act::SyncMetadata { from }),
    ]
}

pub(crate) fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), 1..14)
}
