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
    /// Its executor stands still in this change of an array, and may go on later: [`Act::WakeUp`].
    Stalls(u8),
    /// The reply of the n-th call of a changing method of the array of site-b never comes.
    LosesReply(u8),
}

/// What people do behind everybody's back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edit {
    /// The member's server is deleted where the group runs; its volumes stay.
    DeletesServer,
    /// The member's server gets another volume, or loses it again.
    AttachesVolume,
    /// The array group gets another volume, or loses it again.
    FillsArrayGroup,
    /// The newest recovery point is destroyed.
    DestroysPoint,
    /// The array of a site gets another name.
    RenamesArray(&'static str),
}

/// One act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// The workload writes where it runs.
    Write(u8),
    /// Minutes pass.
    Pass(u8),
    /// Hours pass: schedules are due, what is destroyed is eradicated.
    Sleep(u8),
    /// A site goes or comes back.
    Site { site: &'static str, up: bool },
    /// The array alone of a site goes or comes back.
    Array { site: &'static str, up: bool },
    /// The link between the arrays goes or comes back.
    Link { up: bool },
    /// Somebody plans, accepts and runs.
    Operate { from: &'static str, wish: Wish, mishap: Mishap },
    /// Somebody goes on with whatever is open, once its executor is thought dead.
    Resume { from: &'static str },
    /// A second executor tries to take over whatever is open, without waiting.
    TakeOver { from: &'static str },
    /// An executor that stood still goes on.
    WakeUp,
    /// Somebody gives up whatever is open.
    Abort { from: &'static str, leave_peer: bool },
    /// Somebody has the metadata of his site pushed to the other one.
    SyncMetadata { from: &'static str },
    /// Somebody changes the world without telling anybody.
    Edit(Edit),
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
        4 => Just(Mishap::None),
        2 => (1..70_u8).prop_map(Mishap::Freezes),
        1 => (1..14_u8).prop_map(Mishap::Stalls),
        1 => (1..4_u8).prop_map(Mishap::LosesReply),
    ]
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        Just(Edit::DeletesServer),
        Just(Edit::AttachesVolume),
        Just(Edit::FillsArrayGroup),
        Just(Edit::DestroysPoint),
        prop::sample::select(SITES.as_slice()).prop_map(Edit::RenamesArray),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let site = || prop::sample::select(SITES.as_slice());
    prop_oneof![
        6 => (1..9_u8).prop_map(Act::Write),
        2 => (1..30_u8).prop_map(Act::Pass),
        1 => (1..20_u8).prop_map(Act::Sleep),
        6 => (site(), any::<bool>()).prop_map(|(site, up)| Act::Site { site, up }),
        1 => (site(), any::<bool>()).prop_map(|(site, up)| Act::Array { site, up }),
        2 => any::<bool>().prop_map(|up| Act::Link { up }),
        16 => (site(), wish(), mishap()).prop_map(|(from, wish, mishap)| Act::Operate { from, wish, mishap }),
        6 => site().prop_map(|from| Act::Resume { from }),
        1 => site().prop_map(|from| Act::TakeOver { from }),
        2 => Just(Act::WakeUp),
        4 => (site(), any::<bool>()).prop_map(|(from, leave_peer)| Act::Abort { from, leave_peer }),
        4 => site().prop_map(|from| Act::SyncMetadata { from }),
        3 => edit().prop_map(Act::Edit),
    ]
}

pub(crate) fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), 1..14)
}
