//! Two projects on one engine: neither sees, names or changes what is the other's.

use protector_core::ErrorKind;
use protector_core::Result;
use protector_core::engine::{
    Engine, GroupCreate, GroupUpdate, MemberAdd, Page, Progress, Request, SiteCreate, SiteFailoverRequest, StopOptions,
};
use protector_core::ports::Cancel;
use protector_tests::{GROUP, VIRTUAL, deployment, group_create, operate, protect, server_id};

/// What belongs to `owner` as `stranger` finds it: as if it were not there.
async fn finds_nothing(stranger: &Engine, group: &str, operation: &str) -> Vec<(&'static str, ErrorKind)> {
    let stop = StopOptions::default();
    let sync = Request::Sync {};
    let member = MemberAdd { instance_id: "server".to_owned(), ..MemberAdd::default() };
    let (cancel, progress) = (Cancel::default(), Progress::none());
    let calls: [(&str, Result<()>); 16] = [
        ("show", stranger.protection_group_show(group).await.map(drop)),
        ("update", stranger.protection_group_update(group, &GroupUpdate::default()).await.map(drop)),
        ("delete", stranger.protection_group_delete(group).await),
        ("policy", stranger.policy_show(group).await.map(drop)),
        ("member add", stranger.member_add(group, &member).await.map(drop)),
        ("member list", stranger.member_list(group).await.map(drop)),
        ("volumes", stranger.consistency_group_volumes(group).await.map(drop)),
        ("sync status", stranger.sync_status(group).await.map(drop)),
        ("sync", stranger.sync_metadata(group).await.map(drop)),
        ("divergence", stranger.divergence_list(group).await.map(drop)),
        ("plan", stranger.plan(group, &sync).await.map(drop)),
        ("operation", stranger.operation_show(operation).await.map(drop)),
        ("its plan", stranger.operation_plan(operation).await.map(drop)),
        ("its report", stranger.operation_report(operation).await.map(drop)),
        ("cancel", stranger.operation_cancel(operation, &stop).await.map(drop)),
        ("run", stranger.run(operation, &cancel, &progress).await.map(drop)),
    ];
    calls.into_iter().map(|(name, outcome)| (name, outcome.err().map_or(ErrorKind::Internal, |e| e.kind()))).collect()
}

#[tokio::test]
async fn what_belongs_to_a_project_is_nowhere_to_be_seen_by_another() {
    let deployment = deployment(VIRTUAL).await.unwrap();
    let all = deployment.engine(None).unwrap();
    let (own, stranger) = (all.for_project("own".into()), all.for_project("stranger".into()));
    protect(&deployment, &own).await.unwrap();
    let group = own.protection_group_show(GROUP).await.unwrap();
    assert_eq!(group.project_id, "own");
    let operation = operate(&own, &Request::Sync {}).await.unwrap().id;
    for name in [GROUP, group.id.as_str()] {
        for (call, kind) in finds_nothing(&stranger, name, operation.as_str()).await {
            assert_eq!(kind, ErrorKind::NotFound, "{call} of {name}");
        }
    }
    assert!(stranger.protection_group_list().await.unwrap().is_empty());
    assert!(stranger.operation_list().await.unwrap().is_empty());
    assert!(stranger.health().await.unwrap().is_empty());
    assert_eq!(own.operation_list().await.unwrap().len(), 1);
    assert_eq!(all.operation_list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn two_projects_may_use_one_name() {
    let deployment = deployment(VIRTUAL).await.unwrap();
    let all = deployment.engine(None).unwrap();
    let (own, stranger) = (all.for_project("own".into()), all.for_project("stranger".into()));
    let group = own.protection_group_create(&group_create("web")).await.unwrap();
    let theirs = stranger.protection_group_create(&group_create("web")).await.unwrap();
    assert_eq!(all.protection_group_show("web").await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(all.protection_group_show(&theirs.id).await.unwrap().project_id, "stranger");
    assert_eq!(own.protection_group_show("web").await.unwrap().id, group.id);
    let page = all.protection_group_page(&Page { marker: None, limit: Some(1) }).await.unwrap();
    let rest = all.protection_group_page(&Page { marker: Some(page[0].id.to_string()), limit: None }).await.unwrap();
    assert_eq!((page.len(), rest.len()), (1, 1));
    assert_ne!(page[0].id, rest[0].id);
    let marker = Some("gone".to_owned());
    let lost = own.protection_group_page(&Page { marker, limit: None }).await.unwrap_err();
    assert_eq!(lost.kind(), ErrorKind::InvalidRequest, "{lost}");
}

#[tokio::test]
async fn a_refusal_does_not_tell_the_name_of_a_strange_group() {
    let deployment = deployment(VIRTUAL).await.unwrap();
    let all = deployment.engine(None).unwrap();
    let (own, stranger) = (all.for_project("own".into()), all.for_project("stranger".into()));
    protect(&deployment, &own).await.unwrap();
    stranger.protection_group_create(&group_create("mine")).await.unwrap();
    let instance_id = server_id(&deployment, "site-a", "web-server-1").await.unwrap();
    let taken = MemberAdd { instance_id, ..MemberAdd::default() };
    let refused = stranger.member_add("mine", &taken).await.unwrap_err();
    let said = format!("{refused:?} {refused} {}", refused.remedy_text().unwrap_or_default());
    assert!(said.contains("another project") && !said.contains(GROUP), "{said}");
}

#[tokio::test]
async fn a_group_takes_servers_of_its_own_project() {
    let deployment = deployment(VIRTUAL).await.unwrap();
    let (shell, site) = (deployment.engine(None).unwrap(), "site-a".into());
    let (shop, bank) = (shell.for_project("shop".into()), shell.for_project("bank".into()));
    let id = server_id(&deployment, "site-a", "web-server-1").await.unwrap();
    let owner = |project| deployment.world().set_server_project(&site, &id.as_str().into(), project).unwrap();
    let server = MemberAdd { instance_id: id.clone(), ..MemberAdd::default() };
    for (engine, group) in [(&shell, "of-all"), (&shop, "of-shop"), (&bank, "of-bank")] {
        engine.protection_group_create(&group_create(group)).await.unwrap();
    }
    let outcome = async |engine: &Engine, group| match engine.member_add(group, &server).await {
        Ok(_) => {
            engine.member_remove(group, &id).await.unwrap();
            Ok(())
        }
        Err(e) => Err((e.kind(), e.message().to_owned())),
    };
    owner(Some("bank"));
    let nothing = shop.member_add("of-shop", &MemberAdd { instance_id: "none".to_owned(), ..server.clone() }).await;
    let (kind, said) = outcome(&shop, "of-shop").await.unwrap_err();
    let unknown = nothing.unwrap_err();
    assert_eq!(
        (kind, said.replace(&id, "none")),
        (unknown.kind(), unknown.message().to_owned()),
        "as if it was not there"
    );
    let (kind, said) = outcome(&shell, "of-shop").await.unwrap_err();
    assert!(kind == ErrorKind::NotEligible && said.contains("belongs to project 'bank'"), "{said}");
    assert_eq!(outcome(&bank, "of-bank").await, Ok(()));
    assert_eq!(outcome(&shell, "of-bank").await, Ok(()));
    assert_eq!(outcome(&shell, "of-all").await, Ok(()), "an operator at a shell protects any server");
    // what a cloud does not tell is no reason
    owner(None);
    assert_eq!(outcome(&shop, "of-shop").await, Ok(()));
}

#[tokio::test]
async fn what_concerns_all_projects_is_refused_to_one() {
    let deployment = deployment(VIRTUAL).await.unwrap();
    let own = deployment.engine(None).unwrap().for_project("own".into());
    let foreign = GroupCreate { project_id: Some("stranger".to_owned()), ..group_create("web") };
    let site = SiteCreate { name: "site-c".to_owned(), ..SiteCreate::default() };
    for refused in [
        own.protection_group_create(&foreign).await.map(drop),
        own.site_create(&site).await.map(drop),
        own.site_delete("site-b").await,
        own.plan_site_failover("site-a", &SiteFailoverRequest::default()).await.map(drop),
    ] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Forbidden);
    }
}
