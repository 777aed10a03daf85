//! Maps and sets to look things up in by id or name.
//!
//! Their order says nothing and differs from run to run. They hash with foldhash, whose seed is random, too: planning a
//! large group looks up every id several times, and the hash of the standard library is the larger part of that.

use foldhash::fast::RandomState;
use std::collections::{HashMap, HashSet};

/// A map by id or name.
pub type Lookup<K, V> = HashMap<K, V, RandomState>;

/// A set of ids or names.
pub type LookupSet<K> = HashSet<K, RandomState>;
