//! How much an array holds.

use super::ArrayTx;
use crate::Result;
use crate::mock::tx::unsigned;

/// What is on an array, added up. Destroyed objects count until they are eradicated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ArrayUsage {
    /// Volumes, also those of pods that are stretched to it.
    pub volumes: u64,
    /// Bytes that hosts see on them.
    pub provisioned: u64,
    /// Writes that they hold.
    pub content: u64,
    /// Writes that snapshots hold, of groups and of single volumes, replicas among them.
    pub snapshot_content: u64,
}

impl ArrayTx<'_> {
    /// How much the array holds.
    ///
    /// # Errors
    /// unreadable → `Storage`.
    pub fn usage(&self) -> Result<ArrayUsage> {
        let found = self.tx.first(
            "SELECT count(*), COALESCE(sum(provisioned), 0), COALESCE(sum(content), 0),
                 (SELECT COALESCE(sum(content), 0) FROM snapshot_volumes
                      JOIN snapshots ON snapshots.id = snapshot_id
                      JOIN protection_groups ON protection_groups.id = group_id WHERE array_id = ?1)
                 + (SELECT COALESCE(sum(content), 0) FROM volume_snapshots WHERE array_id = ?1)
             FROM volumes_on JOIN volumes ON volumes.id = volume_id WHERE on_array_id = ?1",
            [&self.array.id],
            |row| {
                Ok(ArrayUsage {
                    volumes: unsigned(row.get(0)?),
                    provisioned: unsigned(row.get(1)?),
                    content: unsigned(row.get(2)?),
                    snapshot_content: unsigned(row.get(3)?),
                })
            },
        )?;
        Ok(found.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::{SeedOptions, World, WorldLocation, WorldTime, seed};

    #[test]
    fn an_array_holds_its_own_volumes() {
        let world = World::open(&WorldLocation::Memory, WorldTime::Virtual).unwrap();
        world.ensure_array(&"empty".into()).unwrap();
        seed(&world, &SeedOptions::default()).unwrap();
        let usage = |name: &str| world.read_array(&name.into(), |array| array.usage()).unwrap();
        assert_eq!(usage("empty"), ArrayUsage::default());
        let used = usage("flasharray-a");
        assert!(used.volumes > 0 && used.provisioned >= used.volumes << 30, "{used:?}");
    }
}
