//! What concerns databases, keys and settings, on files.

use super::Door;
use protector_core::config::Settings;
use protector_core::connect::{
    config_check, db_check, db_sync, db_version, fernet_migrate, fernet_rotate, fernet_setup, mock_seed,
};
use serde_json::json;
use std::collections::BTreeMap;

pub(super) async fn calls(door: &Door) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().display();
    let text = format!(
        "[DEFAULT]\nstate_path = {path}\n[engine]\nstorage_driver = mock\nmock_db_path = {path}/world.db\n\
         cloud_driver = mock\nlocal_site = site-a\n[database]\nconnection = sqlite:///{path}/{{site}}.db\n\
         [storage]\nfernet_key_repository = {path}/keys\n"
    );
    let settings = Settings::from_text(&text, &BTreeMap::new()).unwrap();
    door.gives("config_check", &config_check(&settings));
    door.gives("fernet_setup", &fernet_setup(&settings).unwrap());
    let made = door.gives("db_sync", &db_sync(&settings).await.unwrap());
    assert_eq!(made.as_array().unwrap().len(), 2);
    door.gives("db_version", &db_version(&settings).await.unwrap());
    let checks = door.gives("db_check", &db_check(&settings).await.unwrap());
    assert!(!checks.as_array().unwrap().is_empty());
    let options = door.asks("mock_seed", "request", &json!({ "servers": 2 }));
    door.gives("mock_seed", &mock_seed(&settings, options).await.unwrap());
    let rotated = door.gives("fernet_rotate", &fernet_rotate(&settings).await.unwrap());
    assert!(rotated["primary"].is_string());
    let migrated = door.gives("fernet_migrate", &fernet_migrate(&settings).await.unwrap());
    assert_eq!(migrated.as_array().unwrap().len(), 2);
}
