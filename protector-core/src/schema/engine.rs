//! What the calls of an engine take and give, by the names that C gives them: `protector_…` without that.

use super::document::Document;
use crate::connect::{ConfigReport, DatabaseCheck, DatabaseSync, MockServer, TokenMigration};
use crate::engine::*;
use crate::mock::{SeedOptions, SeedReport};
use crate::model::Site;
use crate::plan::{Facts, Graph, Plan};
use crate::store::{RotateReport, SetupReport};
use schemars::JsonSchema;
use serde_json::{Map, Value};

/// A call, and the documents that go over with it.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// Its name.
    pub name: &'static str,
    facts: Option<Document>,
    request: Option<Document>,
    options: Option<Document>,
    event: Option<Document>,
    answer: Option<Document>,
}

const fn call(name: &'static str) -> Call {
    Call { name, facts: None, request: None, options: None, event: None, answer: None }
}

impl Call {
    const fn takes<T: JsonSchema>(self) -> Self {
        self.takes_as::<T>(self.name)
    }

    /// As the call `name` does.
    const fn takes_as<T: JsonSchema>(self, name: &'static str) -> Self {
        Self { request: Some(Document::read::<T>(name).role("request")), ..self }
    }

    const fn facts(self) -> Self {
        Self { facts: Some(Document::read::<Facts>("facts")), ..self }
    }

    const fn options<T: JsonSchema>(self) -> Self {
        Self { options: Some(Document::read::<T>(self.name).role("options")), ..self }
    }

    /// Its progress.
    const fn tells(self) -> Self {
        Self { event: Some(Document::written::<Event>("event")), ..self }
    }

    const fn gives<T: JsonSchema>(self, name: &'static str) -> Self {
        Self { answer: Some(Document::written::<T>(name)), ..self }
    }

    /// Its documents by what they are to it.
    fn roles(&self) -> impl Iterator<Item = (&'static str, Document)> + use<> {
        let Self { facts, request, options, event, answer, .. } = *self;
        [("facts", facts), ("request", request), ("options", options), ("event", event), ("answer", answer)]
            .into_iter()
            .filter_map(|(role, document)| Some((role, document?)))
    }

    pub(super) fn documents(&self) -> impl Iterator<Item = Document> + use<> {
        self.roles().map(|(_, document)| document)
    }

    pub(super) fn entry(&self) -> Value {
        let files: Map<String, Value> =
            self.roles().map(|(role, document)| (role.to_owned(), document.file().into())).collect();
        files.into()
    }
}

/// All of them.
pub const CALLS: &[Call] = &[
    call("site_create").takes::<SiteCreate>().gives::<Site>("site"),
    call("site_list").gives::<Vec<Site>>("site_list"),
    call("site_show").gives::<Site>("site"),
    call("site_delete"),
    call("site_validate").gives::<SiteValidation>("site_validation"),
    call("site_list_volume_types").gives::<Vec<VolumeTypeView>>("volume_type_list"),
    call("protection_group_create").takes::<GroupCreate>().gives::<GroupView>("protection_group"),
    call("protection_group_list").gives::<Vec<GroupView>>("protection_group_list"),
    call("protection_group_page").takes::<Page>().gives::<Vec<GroupView>>("protection_group_list"),
    call("protection_group_show").gives::<GroupView>("protection_group"),
    call("protection_group_update").takes::<GroupUpdate>().gives::<GroupView>("protection_group"),
    call("protection_group_delete"),
    call("mapping_show").gives::<MappingView>("mapping"),
    call("mapping_suggest").gives::<MappingView>("mapping"),
    call("mapping_set").takes::<MappingSet>().gives::<MappingView>("mapping"),
    call("policy_create").takes::<PolicyChange>().gives::<PolicyView>("policy"),
    call("policy_show").gives::<PolicyView>("policy"),
    call("policy_drift").gives::<Vec<PolicyDrift>>("policy_drift_list"),
    call("member_add").takes::<MemberAdd>().gives::<MemberView>("member"),
    call("member_update").takes::<MemberUpdate>().gives::<MemberView>("member"),
    call("member_remove"),
    call("member_list").gives::<Vec<MemberView>>("member_list"),
    call("consistency_group_show").gives::<ConsistencyGroupView>("consistency_group"),
    call("consistency_group_volumes").gives::<Vec<VolumeView>>("volume_list"),
    call("sync_status").gives::<SyncStatusView>("sync_status"),
    call("sync_metadata").gives::<SyncStatusView>("sync_status"),
    call("plan_reconcile").gives::<ReconcilePlan>("reconcile_plan"),
    call("reconcile").takes::<ReconcilePlan>().gives::<SyncStatusView>("sync_status"),
    call("reconcile_text").takes_as::<ReconcilePlan>("reconcile"),
    call("divergence_list").gives::<Vec<LedgerEntryView>>("ledger_entry_list"),
    call("divergence_discard").takes::<DivergenceDiscard>().gives::<LedgerEntryView>("ledger_entry"),
    call("plan").facts().takes_as::<Request>("operation_plan").gives::<Plan>("plan"),
    call("plan_graph").takes_as::<Plan>("operation_accept"),
    call("plan_text").takes_as::<Plan>("operation_accept"),
    call("plan_site_failover").takes::<SiteFailoverRequest>().gives::<SitePlan>("site_plan"),
    call("site_failover")
        .takes::<SitePlan>()
        .options::<SiteFailoverOptions>()
        .tells()
        .gives::<SiteFailoverView>("site_failover"),
    call("operation_plan").takes::<Request>().gives::<Plan>("plan"),
    call("operation_accept").takes::<Plan>().gives::<OperationView>("operation"),
    call("operation_run").tells().gives::<OperationView>("operation"),
    call("operation_show").gives::<OperationView>("operation"),
    call("operation_cancel").takes_as::<StopOptions>("operation_stop").gives::<OperationView>("operation"),
    call("operation_abort").takes_as::<StopOptions>("operation_stop").tells().gives::<OperationView>("operation"),
    call("operation_takeover").tells().gives::<OperationView>("operation"),
    call("operation_list").gives::<Vec<OperationView>>("operation_list"),
    call("operation_list_open").gives::<Vec<OperationView>>("operation_list"),
    call("operation_accepted_plan").gives::<Plan>("plan"),
    call("operation_graph").gives::<Graph>("graph"),
    call("operation_report").gives::<OperationReport>("operation_report"),
    call("report_text").takes_as::<OperationReport>("report"),
    call("report_html").takes_as::<OperationReport>("report"),
    call("health").gives::<Vec<HealthView>>("health_list"),
    call("health_show").gives::<HealthView>("health"),
    call("sweep_rpo").gives::<RpoSweepView>("rpo_sweep"),
    call("record_worker").takes::<WorkerReport>(),
    call("workers").gives::<ServiceView>("service"),
    call("config_check").gives::<ConfigReport>("config_report"),
    call("db_sync").gives::<Vec<DatabaseSync>>("database_list"),
    call("db_version").gives::<Vec<DatabaseSync>>("database_list"),
    call("db_check").gives::<Vec<DatabaseCheck>>("database_check_list"),
    call("fernet_setup").gives::<SetupReport>("fernet_setup"),
    call("fernet_rotate").gives::<RotateReport>("fernet_rotate"),
    call("fernet_migrate").gives::<Vec<TokenMigration>>("token_migration_list"),
    call("mock_seed").takes::<SeedOptions>().gives::<SeedReport>("seed_report"),
    call("mock_servers").gives::<Vec<MockServer>>("mock_server_list"),
];
