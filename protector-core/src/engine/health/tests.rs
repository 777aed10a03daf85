use super::*;
use crate::model::GroupStatus;

fn unseen(name: &str) -> HealthView {
    HealthView {
        protection_group: name.to_owned(),
        project_id: "project".to_owned(),
        status: GroupStatus::Active,
        link: "unknown".to_owned(),
        sync_status: SyncStatus::Unreachable,
        recovery_point_age_seconds: None,
        last_recovery_point_at: None,
        last_transfer_at: None,
        replication_lag_seconds: None,
        transfers_under_way: None,
        rpo_minutes: None,
        rpo: None,
        rpo_24h: None,
        rpo_7d: None,
        last_drill: None,
        last_successful_drill: None,
        failover_ready: false,
        reasons: vec!["nobody answers".to_owned()],
        unplanned_ready: false,
        unplanned_reasons: vec!["nobody answers".to_owned()],
        ledger: Vec::new(),
    }
}

#[test]
fn what_is_not_known_has_no_sample() {
    let text = metrics_text(&[unseen("a \"b\"\\c\nd")]);
    let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let group = r#"project_id="project",protection_group="a \"b\"\\c\nd""#;
    assert_eq!(
        samples,
        [
            format!("protector_group_failover_ready{{{group}}} 0"),
            format!("protector_group_unplanned_failover_ready{{{group}}} 0"),
            format!("protector_group_status{{{group},status=\"active\"}} 1"),
        ]
    );
    assert_eq!(metrics_text(&[]), "");
}

#[test]
fn what_is_known_has_one_sample_per_group() {
    let kept = ComplianceView { within_percent: 99.5, breached_percent: 0.5, unknown_percent: 0.0 };
    let seen = HealthView {
        link: "partiallyconnected".to_owned(),
        sync_status: SyncStatus::OutOfSync,
        recovery_point_age_seconds: Some(0),
        last_transfer_at: Some(Timestamp::UNIX_EPOCH + SignedDuration::from_millis(1500)),
        rpo_minutes: Some(15),
        rpo: Some(RpoState::Within),
        rpo_24h: Some(kept),
        failover_ready: true,
        ..unseen("web")
    };
    let text = metrics_text(&[seen, unseen("db")]);
    for line in [
        "# HELP protector_group_failover_ready Whether a planned failover would be accepted now.",
        "# TYPE protector_group_failover_ready gauge",
        "protector_group_failover_ready{project_id=\"project\",protection_group=\"web\"} 1",
        "protector_group_failover_ready{project_id=\"project\",protection_group=\"db\"} 0",
        "protector_group_link_up{project_id=\"project\",protection_group=\"web\"} 0",
        "protector_group_metadata_in_sync{project_id=\"project\",protection_group=\"web\"} 0",
        "protector_group_recovery_point_age_seconds{project_id=\"project\",protection_group=\"web\"} 0",
        "protector_group_last_transfer_timestamp_seconds{project_id=\"project\",protection_group=\"web\"} 1.5",
        "protector_group_rpo_seconds{project_id=\"project\",protection_group=\"web\"} 900",
        "protector_group_rpo_state{project_id=\"project\",protection_group=\"web\",state=\"within\"} 1",
        "protector_group_rpo_state{project_id=\"project\",protection_group=\"web\",state=\"unknown\"} 0",
        "protector_group_rpo_time_ratio{project_id=\"project\",protection_group=\"web\",window=\"24h\",state=\"within\"} 0.995",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
    }
    assert!(!text.contains("7d") && !text.contains("replication_lag"), "{text}");
    assert_eq!(text.matches("# TYPE protector_group_failover_ready ").count(), 1);
}
