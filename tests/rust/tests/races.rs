//! Two processes at once: one wins, the other one leaves nothing behind.

use protector_core::{Error, Result};
use protector_tests::compare::{rows, text};
use protector_tests::{files, group_create};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Races of each kind; each has its own chance to interleave badly.
const ROUNDS: usize = 6;

#[tokio::test]
async fn the_same_group_from_one_site() -> Result<()> {
    create_at_once(["site-a", "site-a"]).await
}

/// I-43
#[tokio::test]
async fn the_same_group_from_both_sites() -> Result<()> {
    create_at_once(["site-a", "site-b"]).await
}

async fn create_at_once(sites: [&str; 2]) -> Result<()> {
    for _ in 0..ROUNDS {
        let directory = files::directory()?;
        drop(files::seeded(directory.path()).await?);
        let children = [creating(directory.path(), sites[0])?, creating(directory.path(), sites[1])?];
        let mut winners = 0;
        for child in children {
            let ended = child.wait_with_output().map_err(|e| Error::internal("a child was lost").source(e))?;
            let said = String::from_utf8_lossy(&ended.stderr);
            if ended.status.success() {
                winners += 1;
            } else {
                assert!(said.contains("'web'") && said.contains("[already_exists]"), "{said}");
            }
        }
        assert_eq!(winners, 1, "from {sites:?}");
        check_one_group(directory.path()).await?;
    }
    Ok(())
}

fn creating(directory: &Path, site: &str) -> Result<Child> {
    Command::new(env!("CARGO_BIN_EXE_protector-test-child"))
        .args(["create", &directory.display().to_string(), site, "web"])
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| Error::internal("no child was started").source(e))
}

/// Both sites hold the winner's record, and each cloud exactly the winner's Cinder group.
async fn check_one_group(directory: &Path) -> Result<()> {
    let deployment = files::open(directory).await?;
    let mut records = Vec::new();
    for site in ["site-a", "site-b"] {
        let groups = deployment.engine(Some(site))?.endpoints().store.groups().await?;
        assert_eq!(groups.len(), 1, "{site}");
        records.extend(groups);
    }
    assert_eq!(records.first(), records.last());
    let cinder_groups = rows(&deployment, "cinder_groups")?;
    let cinder_groups: Vec<&str> = cinder_groups.iter().map(|row| text(row, "id")).collect();
    let wanted = records.first().map(|r| {
        let cg = &r.group.consistency_group;
        vec![cg.primary_cg_id.as_str(), cg.secondary_cg_id.as_str()]
    });
    assert_eq!(Some(cinder_groups), wanted);
    // and the name is taken for good
    let again = deployment.engine(Some("site-b"))?.protection_group_create(&group_create("web")).await;
    assert!(again.is_err());
    Ok(())
}
