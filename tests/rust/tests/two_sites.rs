//! What has a side on each site: policies and `[storage]`, mappings, and the matrix of who reaches what.

use protector_core::engine::{
    Engine, GroupCreate, GroupUpdate, MappingRow, MappingSet, PolicyChange, Side, StorageDefaults,
};
use protector_core::exec::Limits;
use protector_core::model::{Mappings, OperationStatus, ReplicationType};
use protector_core::ports::Cloud as _;
use protector_core::rules::mapping::Likeness;
use protector_core::{ApiToken, Error, ErrorKind, Result};
use protector_tests::stage::Stage;
use protector_tests::{GROUP, failover, group_create, operate, to_secondary};
use std::collections::BTreeMap;

const A: &str = "https://array-a.example.com";
const B: &str = "https://array-b.example.com";

/// The same engine with other settings: the primary array of `[storage]` stands at site-a.
fn with_defaults(engine: &Engine, defaults: &StorageDefaults) -> Engine {
    let defaults = StorageDefaults {
        primary_array_url: Some(A.into()),
        primary_array_api_token: Some(ApiToken::new("a")),
        secondary_array_url: Some(B.into()),
        secondary_array_api_token: Some(ApiToken::new("b")),
        credentials_needed: true,
        array_sides: BTreeMap::from([("site-a".into(), Side::Primary), ("site-b".into(), Side::Secondary)]),
        ..defaults.clone()
    };
    Engine::new(engine.site().clone(), engine.endpoints().clone(), defaults, Limits::SEQUENTIAL)
}

#[tokio::test]
async fn drift_is_told_and_its_remedy_ends_it() -> Result<()> {
    let stage = Stage::protected().await?;
    assert_eq!(with_defaults(&stage.engine, &StorageDefaults::default()).policy_drift().await?, vec![]);
    let later =
        StorageDefaults { replication_interval: Some(1800), rpo_minutes: Some(60), ..StorageDefaults::default() };
    let engine = with_defaults(&stage.engine, &later);
    let drift = engine.policy_drift().await?;
    let fields: Vec<_> = drift.iter().map(|d| (&*d.field, &*d.policy_value, &*d.default_value)).collect();
    assert_eq!(fields, [("replication_interval", "300", "1800"), ("rpo_minutes", "15", "60")]);
    assert!(drift.iter().all(|d| d.remedy.ends_with("--replication-interval 1800 --rpo-minutes 60")), "{drift:?}");
    let change = PolicyChange { replication_interval: Some(1800), rpo_minutes: Some(60), ..PolicyChange::default() };
    engine.policy_create(GROUP, &change).await?;
    assert_eq!(engine.policy_drift().await?, vec![]);
    Ok(())
}

/// The primary site of a group need not be the one with the primary array of `[storage]`.
#[tokio::test]
async fn the_array_of_a_policy_is_the_one_that_stands_at_that_site() -> Result<()> {
    let stage = Stage::empty().await?;
    let engine = with_defaults(&stage.engine, &StorageDefaults::default());
    let crossed = GroupCreate {
        primary_site: "site-b".into(),
        secondary_site: "site-a".into(),
        replication_type: ReplicationType::Async,
        ..group_create("from-b")
    };
    engine.protection_group_create(&crossed).await?;
    let policy = |primary: &str, secondary: &str| PolicyChange {
        primary_fa_url: Some(primary.into()),
        secondary_fa_url: Some(secondary.into()),
        replication_interval: Some(300),
        rpo_minutes: Some(15),
        ..PolicyChange::default()
    };
    let swapped = policy(A, B);
    let parts = ["primary_fa_url", A, "secondary_array_url in [storage]", B];
    stage.refuses(engine.policy_create("from-b", &swapped), ErrorKind::InvalidConfiguration, &parts).await?;
    engine.policy_create("from-b", &policy(B, A)).await?;
    assert_eq!(engine.policy_drift().await?, vec![]);
    Ok(())
}

fn row<'a>(rows: &'a [MappingRow], kind: &str, source: &str) -> Result<&'a MappingRow> {
    let found = rows.iter().find(|row| row.kind == kind && row.source == source);
    found.ok_or_else(|| Error::not_found(format!("{kind} {source}")))
}

#[tokio::test]
async fn mappings_are_suggested_from_both_clouds_and_change_nothing() -> Result<()> {
    let stage = Stage::replicated().await?;
    let before = stage.record(&stage.engine).await?;
    let rows = stage.engine.mapping_suggest(GROUP).await?.mappings;
    let web = row(&rows, "security-group", "web")?;
    assert_eq!(
        (web.suggested.as_deref(), web.because, web.target.as_deref()),
        (Some("web"), Some(Likeness::Name), None)
    );
    let network = row(&rows, "network", "net-primary-web")?;
    assert_eq!(network.problem.as_deref(), Some("not mapped"));
    assert!(rows.iter().any(|row| row.kind == "flavor" && row.suggested.as_deref() == Some(&row.source)), "{rows:#?}");
    assert_eq!(stage.record(&stage.engine).await?, before);
    // half of a look suggests nothing
    stage.set_site("site-b", false)?;
    assert_eq!(stage.engine.mapping_suggest(GROUP).await.unwrap_err().kind(), ErrorKind::Unreachable);
    let shown = stage.engine.mapping_show(GROUP).await?.mappings;
    assert!(shown.iter().all(|row| row.problem.as_deref().is_some_and(|p| p.starts_with("not known"))), "{shown:#?}");
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_or_cannot_be_turned_round_is_refused() -> Result<()> {
    let stage = Stage::protected().await?;
    let set = |networks: &[(&str, &str)], security_groups: &[(&str, &str)]| {
        let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let (networks, security_groups) = (map(networks), map(security_groups));
        MappingSet { mappings: Mappings { networks, security_groups, ..Mappings::default() }, suggested: false }
    };
    let absent = set(&[("no-net", "net-secondary-web"), ("net-primary-web", "no-there")], &[("web", "no-group")]);
    let parts = [
        "site-a has no network 'no-net'",
        "site-b has no network 'no-there'",
        "site-b has no security-group 'no-group'",
    ];
    stage.refuses(stage.engine.mapping_set(GROUP, &absent), ErrorKind::InvalidRequest, &parts).await?;
    let update = |set: &MappingSet| GroupUpdate { mappings: Some(set.mappings.clone()), ..GroupUpdate::default() };
    let whole = update(&absent);
    let replaced = stage.engine.protection_group_update(GROUP, &whole);
    stage.refuses(replaced, ErrorKind::InvalidRequest, &parts).await?;
    let doubled = set(&[], &[("web", "default"), ("default", "default")]);
    let parts = ["security-group mapping cannot be inverted", "'default' and 'web' both lead to 'default'"];
    stage.refuses(stage.engine.mapping_set(GROUP, &doubled), ErrorKind::InvalidRequest, &parts).await?;
    stage.set_site("site-b", false)?;
    let good = set(&[("net-primary-web", "net-secondary-web")], &[]);
    assert!(stage.engine.mapping_set(GROUP, &good).await.is_err());
    stage.set_site("site-b", true)?;
    // who replaces all of them may do so while a cloud is silent
    let elsewhere = Stage::empty().await?;
    elsewhere.set_site("site-b", false)?;
    let mut endpoints = stage.engine.endpoints().clone();
    let silent = elsewhere.engine.endpoints().clouds.clone().into_iter().filter(|(site, _)| site.as_str() == "site-b");
    endpoints.clouds.extend(silent);
    let half_blind = Engine::new("site-a".into(), endpoints, StorageDefaults::default(), Limits::SEQUENTIAL);
    let unseen = set(&[("net-primary-web", "net-planned")], &[]);
    half_blind.protection_group_update(GROUP, &update(&unseen)).await?;
    assert_eq!(stage.record(&stage.other()?).await?.group.mappings, unseen.mappings);
    stage.engine.protection_group_update(GROUP, &update(&good)).await?;
    assert_eq!(stage.record(&stage.engine).await?.group.mappings, good.mappings);
    stage.engine.mapping_set(GROUP, &good).await?;
    assert_eq!(stage.record(&stage.other()?).await?.group.mappings, good.mappings, "on both sites");
    Ok(())
}

/// A mapped security group is the one of the server that arrives, and the server that comes home has its own again.
#[tokio::test]
async fn security_groups_are_mapped_there_and_back() -> Result<()> {
    let stage = Stage::replicated().await?;
    let security_groups = BTreeMap::from([("web".to_owned(), "default".to_owned())]);
    let mappings = Mappings { security_groups, ..to_secondary() };
    let stored = stage.engine.mapping_set(GROUP, &MappingSet { mappings, suggested: true }).await?;
    assert!(stored.mappings.iter().all(|row| row.problem.is_none()), "{stored:#?}");
    let moved = operate(&stage.engine, &failover()).await?;
    assert_eq!(moved.status, OperationStatus::Completed, "{moved:#?}");
    let arrived = stage.deployment.world().cloud(&"site-b".into())?.servers().await?;
    assert_eq!(arrived.first().map(|server| server.security_groups.clone()), Some(vec!["default".to_owned()]));
    let home =
        stage.engine.plan(GROUP, &protector_core::engine::Request::Failback { mappings: Mappings::default() }).await?;
    assert_eq!(home.blockers().count(), 0);
    Ok(())
}

#[tokio::test]
async fn a_lost_site_fails_its_own_matrix_and_leaves_the_other_unknown() -> Result<()> {
    let stage = Stage::protected().await?;
    for site in ["site-a", "site-b"] {
        let seen = stage.engine.site_validate(site).await?;
        assert!(seen.valid && seen.checks.iter().all(|check| check.result == "ok"), "{seen:#?}");
        let ends: Vec<_> = seen.checks.iter().map(|c| (&*c.from_site, &*c.service, &*c.check)).collect();
        for expected in [
            ("here", "cloud", "reachable"),
            ("here", "cloud", "credentials"),
            ("here", "cloud", "clock"),
            ("here", "cloud", "quota"),
            ("here", "cloud", "volume types"),
            ("here", "array", "reachable"),
            ("here", "array", "credentials"),
            ("here", "array", "version"),
            ("here", "array", "clock"),
            (site, "volume types", "counterpart of 'replicated-ssd'"),
            (site, "array link", "connected"),
            ("site-a", "metadata", "reachable"),
        ] {
            assert!(ends.contains(&expected), "{expected:?} is not in {ends:?}");
        }
    }
    stage.set_site("site-b", false)?;
    let lost = stage.engine.site_validate("site-b").await?;
    assert!(!lost.valid);
    for check in &lost.checks {
        let asked_before = matches!(&*check.check, "reachable");
        assert_eq!(check.result, if asked_before { "failed" } else { "unknown" }, "{check:#?}");
        assert_eq!(check.remedy.is_some(), asked_before, "{check:#?}");
    }
    let home = stage.engine.site_validate("site-a").await?;
    assert!(home.valid, "{home:#?}");
    assert!(home.checks.iter().any(|check| check.result == "unknown" && check.to_site == "site-b"), "{home:#?}");
    Ok(())
}
