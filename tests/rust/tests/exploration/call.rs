//! One call to an array, a cloud or a store: who makes it, and what its effect shows of the laws.

use crate::laws::{Law, Laws};
use crate::mutations::Mutation;
use crate::world::{Side, Site, World};
use protector_core::ErrorKind;
use protector_core::model::{Epoch, OpKey};

/// What a call comes to.
pub(crate) type Answer<T> = Result<T, ErrorKind>;

/// A call on its way.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) broken: &'a mut Laws,
    /// Site of the engine that makes it.
    pub(crate) from: Side,
    pub(crate) key: OpKey,
    pub(crate) epoch: Epoch,
    /// Of a test, whose volumes are not production's.
    pub(crate) of_test: bool,
    pub(crate) mutation: Option<Mutation>,
    /// It is made once more, and the mutated product does not look first.
    pub(crate) blind: bool,
}

impl Call<'_> {
    pub(crate) fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// The array or cloud of a site, if it answers.
    pub(crate) fn look(&self, to: Side) -> Answer<&Site> {
        if self.world.reaches(self.from, to) { Ok(self.world.site(to)) } else { Err(ErrorKind::Unreachable) }
    }

    /// The same, to change it.
    pub(crate) fn change<R>(&mut self, to: Side, change: impl FnOnce(&mut Site) -> Answer<R>) -> Answer<R> {
        self.look(to)?;
        self.world.edit(to, change)
    }

    /// I-06: refuses a caller that knows an older epoch than one seen before. What such a call changes breaks the law.
    pub(crate) fn with_epoch<R>(
        &mut self,
        to: Side,
        seen: impl Fn(&mut Site) -> Option<&mut u64>,
        change: impl FnOnce(&mut Site) -> Answer<R>,
    ) -> Answer<R> {
        let (epoch, checks) = (self.epoch.0, !self.is(Mutation::OldEpochsAreHeard));
        let before = self.world.site(to).hash();
        let mut is_old = false;
        let answer = self.change(to, |site| {
            if let Some(seen) = seen(site) {
                is_old = epoch < *seen;
                if is_old && checks {
                    return Err(ErrorKind::Conflict);
                }
                *seen = epoch.max(*seen);
            }
            change(site)
        });
        if is_old && self.world.site(to).hash() != before {
            self.broken.add(Law::I06);
        }
        answer
    }

    /// The next name after `name` that is free: a call that does not look first makes a second one.
    pub(crate) fn name(&self, name: impl Into<String>) -> String {
        let name = name.into();
        if self.blind { format!("{name}-again") } else { name }
    }
}
