//! What is known of each member of a record while a plan is made.

use crate::model::{Lookup, Member};
use std::marker::PhantomData;
use std::ptr::from_ref;

/// Values by member. Members are told apart by where they lie in the record that all of them are borrowed from, so that
/// their ids, which lie elsewhere, need not be read to find them. In no order.
#[derive(Debug)]
pub(super) struct ByMember<'a, T> {
    values: Lookup<*const Member, T>,
    record: PhantomData<&'a Member>,
}

impl<T> Default for ByMember<'_, T> {
    fn default() -> Self {
        Self { values: Lookup::default(), record: PhantomData }
    }
}

impl<'a, T> ByMember<'a, T> {
    pub(super) fn with_capacity(members: usize) -> Self {
        Self { values: Lookup::with_capacity_and_hasher(members, Default::default()), record: PhantomData }
    }

    pub(super) fn insert(&mut self, member: &'a Member, value: T) {
        self.values.insert(from_ref(member), value);
    }

    pub(super) fn get(&self, member: &Member) -> Option<&T> {
        self.values.get(&from_ref(member))
    }

    pub(super) fn remove(&mut self, member: &Member) -> Option<T> {
        self.values.remove(&from_ref(member))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.values.values()
    }
}

impl<'a, T> FromIterator<(&'a Member, T)> for ByMember<'a, T> {
    fn from_iter<I: IntoIterator<Item = (&'a Member, T)>>(values: I) -> Self {
        let values = values.into_iter();
        let mut all = Self::with_capacity(values.size_hint().0);
        values.for_each(|(member, value)| all.insert(member, value));
        all
    }
}
