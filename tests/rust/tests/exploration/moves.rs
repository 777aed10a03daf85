//! Everything that can happen next.

use crate::world::Side;

/// What somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Wish {
    Sync,
    Test,
    Cleanup,
    Planned,
    Unplanned,
    Failback,
    Reprotect,
    Commit,
}

/// An executor: the site of its engine and the generation of its lease.
pub(crate) type Who = (Side, u8);

/// One thing that happens, at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    /// The workload writes on a site.
    Writes(Side),
    /// What is on its way to the array of a site arrives.
    Arrives(Side),
    /// The sites do not reach each other any more.
    Cut,
    Heal,

    /// An operator plans and accepts.
    Accept(Side, Wish),
    /// An engine does so by itself. Only a mutated product does.
    AcceptByItself(Side),
    /// An operator runs or resumes what is open.
    Run(Side),
    /// An operator gives up what is open.
    Abort {
        at: Side,
        leave_peer: bool,
    },
    /// An operator has the metadata of his site pushed to the other one.
    Reconcile(Side),

    /// Intents of all that may begin are written.
    Begin(Who),
    /// The call of a step is made and answered.
    Call(Who, usize),
    /// It is made, and its answer is lost.
    LoseReply(Who, usize),
    /// Outcomes are written.
    Conclude(Who),
    /// A request to stop is heard of.
    Hear(Who),
    /// It is answered.
    Answer(Who),
    /// There is nothing left to make: it ends, stays open or turns back.
    End(Who),
    /// The next step is undone.
    Undo(Who),
    LoseUndo(Who),
    /// That is written.
    Undone(Who),
    /// The other site is told that it ends.
    Tell(Who),
    LoseTold(Who),
    /// The group is let go.
    Free(Who),

    /// The process dies.
    Crash(Who),
    /// It freezes for longer than its lease lasts.
    Freeze(Who),
    /// The same, with a call on its way.
    FreezeInCall(Who, usize),
    /// It goes on.
    Wake(Who),
    /// The call arrives after all.
    Land(Who, usize),
}
