//! Every case of `tests/data/oslo_golden.json`: what oslo.config itself makes of a file.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value as Json;

use super::*;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    /// `p.conf` and `q.conf` are named one by one, `d/…` is a configuration directory.
    files: BTreeMap<String, String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// `section.option` → value or `{"error": …}`; or `load_error` alone.
    result: BTreeMap<String, Json>,
}

fn golden_options() -> Vec<Opt> {
    use Kind::*;
    vec![
        Opt::new("DEFAULT", "state_path", Text).default("/var/lib/protector"),
        Opt::new("DEFAULT", "use_mock_storage", Bool).default("False"),
        Opt::new("DEFAULT", "log_dir", Text),
        Opt::new("DEFAULT", "workers", Int(i64::MIN..=i64::MAX)),
        Opt::new("engine", "storage_driver", Choice(&["pure", "mock"])).default("pure"),
        Opt::new("engine", "mock_db_path", Text).default(":memory:"),
        Opt::new("storage", "primary_array_url", Text),
        Opt::new("storage", "primary_array_api_token", Text).secret(),
        Opt::new("storage", "default_replication_interval", Int(1..=i64::MAX)).default("300"),
        Opt::new("storage", "lst", List),
        Opt::new("storage", "multi", Multi),
        Opt::new("storage", "new_name", Text).deprecated("storage", "old_name").deprecated("engine", "oldest"),
    ]
}

fn load(case: &Case, folder: &Path) -> Result<Config, ReadError> {
    for (name, text) in &case.files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut config = Config::new(case.env.clone());
    golden_options().into_iter().for_each(|option| config.register(option));
    for name in case.files.keys().filter(|name| !name.contains('/')) {
        config.add_file(&folder.join(name))?;
    }
    if case.files.keys().any(|name| name.contains('/')) {
        for file in config_dir(&folder.join("d"))? {
            config.add_file(&file)?;
        }
    }
    Ok(config)
}

fn json(value: Option<Value>) -> Json {
    match value {
        None => Json::Null,
        Some(Value::Text(text)) => text.into(),
        Some(Value::Secret(secret)) => secret.expose().into(),
        Some(Value::Bool(bool)) => bool.into(),
        Some(Value::Int(number)) => number.into(),
        Some(Value::List(items)) => items.into(),
    }
}

fn class(kind: ReadErrorKind) -> &'static str {
    match kind {
        ReadErrorKind::Unreadable => "ConfigFilesNotFoundError",
        ReadErrorKind::Parse(_) => "ConfigFileParseError",
        ReadErrorKind::Value => "ConfigFileValueError",
        ReadErrorKind::NoSuchOption | ReadErrorKind::Loop => "NoSuchOptError",
        ReadErrorKind::NoSuchGroup => "NoSuchGroupError",
        ReadErrorKind::Substitution => "TemplateSubstitutionError",
    }
}

/// The words by which oslo.config tells one parse error from another.
fn words(reason: ParseReason) -> &'static str {
    match reason {
        ParseReason::UnexpectedContinuation => "Unexpected continuation line",
        ParseReason::UnclosedSection => "Invalid section (must end with ])",
        ParseReason::EmptySection => "Empty section name",
        ParseReason::NoSeparator | ParseReason::ByteOrderMark => "No ':' or '=' found in assignment",
        ParseReason::EmptyKey => "Key cannot be empty",
        ParseReason::OutsideSection => "Section must be started before assignment",
        ParseReason::NotUtf8 => "UnicodeDecodeError",
    }
}

fn check_load_error(name: &str, got: Result<Config, ReadError>, want: &str, folder: &Path) {
    let error = got.expect_err(name);
    let ReadErrorKind::Parse(reason) = error.kind() else { panic!("{name}: {error}") };
    assert!(want.starts_with(class(error.kind())) && want.contains(words(reason)), "{name}: {error}, not {want}");
    // "…: at DIR/p.conf:4, Unexpected…"
    let place = want.split_once("at DIR/").unwrap().1.split_once(',').unwrap().0;
    assert!(error.to_string().starts_with(&format!("{}/{place}: ", folder.display())), "{name}: {error}");
}

fn check_value_error(case: &Case, option: &str, got: Result<Reading, ReadError>, want: &str, folder: &Path) {
    let error = got.map(|reading| reading.value).expect_err(&case.name);
    assert!(want.starts_with(&format!("{}: ", class(error.kind()))), "{}: {error}, not {want}", case.name);
    let name = option.split_once('.').unwrap().1;
    let lines = case.files["p.conf"].lines();
    let (line, _) = lines.enumerate().filter(|(_, line)| line.starts_with(name)).last().unwrap();
    let place = format!("{}/p.conf:{}: ", folder.display(), line + 1);
    assert!(error.to_string().starts_with(&place), "{}: {error}, not at {place}", case.name);
}

#[test]
fn reads_as_oslo_config_does() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/oslo_golden.json");
    let golden: Golden = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert!(golden.cases.len() >= 65);
    for case in &golden.cases {
        let folder = tempfile::tempdir().unwrap();
        let config = load(case, folder.path());
        if let Some(want) = case.result.get("load_error") {
            check_load_error(&case.name, config, want.as_str().unwrap(), folder.path());
            continue;
        }
        let config = config.unwrap_or_else(|e| panic!("{}: {e}", case.name));
        for (option, want) in &case.result {
            let (section, name) = option.split_once('.').unwrap();
            let got = config.get(section, name);
            match want.get("error") {
                Some(want) => check_value_error(case, option, got, want.as_str().unwrap(), folder.path()),
                None => assert_eq!(&json(got.unwrap().value), want, "{}: {option}", case.name),
            }
        }
    }
}
