use super::*;
use crate::ErrorKind;
use crate::config::{ArrayRole, AuthStrategy};

fn environment(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    variables.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

pub(super) fn read(text: &str) -> Result<Settings> {
    Settings::from_text(text, &BTreeMap::new())
}

/// The message of a refusal, which must be about the configuration and say what to do.
pub(super) fn refused(text: &str) -> String {
    let error = read(text).expect_err(text);
    assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{error}");
    assert!(error.remedy_text().is_some(), "{error}");
    error.to_string()
}

fn file(path: &str) -> MockDatabase {
    MockDatabase::File(path.into())
}

#[test]
fn nothing_set_means_the_documented_defaults() {
    let got = read("").unwrap();
    let want = Settings {
        debug: false,
        log_dir: None,
        state_path: "/var/lib/protector".into(),
        storage_driver: StorageDriverChoice::Pure,
        mock_database: MockDatabase::Memory,
        mock_clock: MockClock::System,
        cloud_driver: CloudDriverChoice::OpenStack,
        failover_to_blank_disks: false,
        local_site: None,
        database_connection: None,
        primary_array_url: None,
        secondary_array_url: None,
        primary_array_api_token: None,
        secondary_array_api_token: None,
        default_replication_interval: None,
        default_rpo_minutes: None,
        fernet_key_repository: "/etc/protector/fernet-keys".into(),
        array_ca_file: None,
        primary_array_fingerprint: None,
        secondary_array_fingerprint: None,
        danger_accept_any_array_certificate: false,
        services: ServiceSettings::default(),
        sites: BTreeMap::new(),
        driver_places: BTreeMap::new(),
        drivers: BTreeMap::new(),
        warnings: Vec::new(),
        files: Vec::new(),
        secret_manager: None,
    };
    assert_eq!(got, want);
}

#[test]
fn every_option_is_read() {
    let text = "[DEFAULT]\ndebug = yes\nlog_dir = /log\nstate_path = /state\n\
                [engine]\nstorage_driver = mock\nmock_db_path = /m.db\nmock_clock = virtual\ncloud_driver = mock\n\
                local_site = site-a\n[database]\nconnection = sqlite:///$state_path/x.db\n\
                [storage]\nprimary_array_url = https://a\nprimary_array_api_token = T-a\n\
                secondary_array_url = https://b:8443/\nsecondary_array_api_token = T-b\n\
                default_replication_interval = 300\ndefault_rpo_minutes = 5\nfernet_key_repository = /keys\n\
                array_ca_file = /ca.pem\nprimary_array_fingerprint = aa:bb\nsecondary_array_fingerprint = cc\n\
                danger_accept_any_array_certificate = true\n\
                [api]\nbind_host = ::1\nbind_port = 0\nauth_strategy = noauth\nthreads = 2\nmax_limit = 50\n\
                danger_noauth_beyond_loopback = true\n[engine]\nworkers = 1\npoll_interval = 3\n\
                watch_interval = 4\ndrill_interval_days = 0\nstop_timeout = 5\nfailover_to_blank_disks = on\n\
                [site:site-a]\ncloud = cloud-a\narray = secondary\n[SITE:Site-B]\ncloud = cloud-b\n\
                array = primary\n[site:c]\n[Driver:Sparse-Files]\ndirectory = $state_path/s\n\
                token = env:T\n[driver:sparse-files]\ndirectory = /later\n";
    let got = read(text).unwrap();
    let site = |cloud: Option<&str>, array| SiteSettings { cloud: cloud.map(Into::into), array, api: None };
    let want = Settings {
        debug: true,
        log_dir: Some("/log".into()),
        state_path: "/state".into(),
        storage_driver: StorageDriverChoice::Mock,
        mock_database: file("/m.db"),
        mock_clock: MockClock::Virtual,
        cloud_driver: CloudDriverChoice::Mock,
        failover_to_blank_disks: true,
        local_site: Some("site-a".into()),
        database_connection: Some("sqlite:////state/x.db".into()),
        primary_array_url: Some("https://a".into()),
        secondary_array_url: Some("https://b:8443/".into()),
        primary_array_api_token: Some(ApiToken::new("T-a")),
        secondary_array_api_token: Some(ApiToken::new("T-b")),
        default_replication_interval: Some(300),
        default_rpo_minutes: Some(5),
        fernet_key_repository: "/keys".into(),
        array_ca_file: Some("/ca.pem".into()),
        primary_array_fingerprint: Some("aa:bb".into()),
        secondary_array_fingerprint: Some("cc".into()),
        danger_accept_any_array_certificate: true,
        services: ServiceSettings {
            bind_host: "::1".into(),
            bind_port: 0,
            auth_strategy: AuthStrategy::Noauth,
            danger_noauth_beyond_loopback: true,
            threads: 2,
            max_limit: 50,
            workers: 1,
            poll_interval: 3,
            watch_interval: 4,
            drill_interval_days: 0,
            stop_timeout: 5,
        },
        sites: [
            ("site-a", site(Some("cloud-a"), Some(ArrayRole::Secondary))),
            ("Site-B", site(Some("cloud-b"), Some(ArrayRole::Primary))),
            ("c", site(None, None)),
        ]
        .map(|(name, site)| (name.to_owned(), site))
        .into(),
        driver_places: [("storage_driver", "<text>:6".to_owned()), ("cloud_driver", "<text>:9".to_owned())].into(),
        drivers: [("directory", "/later"), ("token", "env:T")]
            .map(|(option, value)| (option.to_owned(), ApiToken::new(value)))
            .into_iter()
            .fold(BTreeMap::<_, BTreeMap<_, _>>::new(), |mut drivers, (option, value)| {
                drivers.entry("sparse-files".to_owned()).or_default().insert(option, value);
                drivers
            }),
        warnings: Vec::new(),
        files: Vec::new(),
        secret_manager: None,
    };
    assert_eq!(got, want);
}

#[test]
fn examples_of_the_storage_driver_page() {
    let driver_selection = read("[engine]\nstorage_driver = pure # or: mock\n").unwrap();
    assert_eq!(driver_selection.storage_driver, StorageDriverChoice::Pure);
    let [warning] = driver_selection.warnings.as_slice() else { panic!("{:?}", driver_selection.warnings) };
    assert!(warning.starts_with("<text>:2: [engine] storage_driver: took \"pure\""), "{warning}");
    assert!(warning.contains("\"# or: mock\""), "{warning}");

    let mock = "# /etc/protector/protector.conf on BOTH sites\n[engine]\nstorage_driver = mock\n\
                mock_db_path = /var/lib/protector/mock_array.db\n";
    let mock = read(mock).unwrap();
    assert_eq!(mock.storage_driver, StorageDriverChoice::Mock);
    assert_eq!(mock.mock_database, file("/var/lib/protector/mock_array.db"));
    assert!(mock.mock_database.persistent());
    assert!(mock.warnings.is_empty());
}

#[test]
fn examples_of_the_storage_configuration_page() {
    let production = "# /etc/protector/protector.conf (Site A)\n[DEFAULT]\ndebug = False\n\
                      log_dir = /var/log/protector\nstate_path = /var/lib/protector\n[storage]\n\
                      primary_array_url = https://fa-boston-01.example.com\n\
                      primary_array_api_token = T-aaaabbbb-cccc-dddd-eeee-ffffffffffff\n\
                      secondary_array_url = https://fa-seattle-01.example.com\n\
                      secondary_array_api_token = T-11112222-3333-4444-5555-666677778888\n\
                      default_replication_interval = 300\ndefault_rpo_minutes = 15\n";
    let got = read(production).unwrap();
    assert_eq!(got.storage_driver, StorageDriverChoice::Pure);
    assert_eq!(got.log_dir, Some("/var/log/protector".into()));
    assert_eq!(got.primary_array_url.as_deref(), Some("https://fa-boston-01.example.com"));
    let token = got.secondary_array_api_token.unwrap();
    assert_eq!(token.expose(), "T-11112222-3333-4444-5555-666677778888");
    assert_eq!((got.default_replication_interval, got.default_rpo_minutes), (Some(300), Some(15)));
    assert!(got.warnings.is_empty());

    let mock = "# /etc/protector/protector.conf (both sites)\n[DEFAULT]\ndebug = True\nlog_dir = /var/log/protector\n\
                state_path = /var/lib/protector\nuse_mock_storage = True\n";
    let got = read(mock).unwrap();
    assert!(got.debug);
    assert_eq!(got.storage_driver, StorageDriverChoice::Mock);
    assert_eq!(got.mock_database.to_string(), "/var/lib/protector/mock_storage/mock_array.db");
    assert!(got.warnings.is_empty());
}

#[test]
fn one_dialect_decides_and_two_must_agree() {
    use StorageDriverChoice::{Mock, Named, Pure};
    let cases = [
        (None, None, Some(Pure)),
        (Some("pure"), None, Some(Pure)),
        (Some("mock"), None, Some(Mock)),
        (None, Some("True"), Some(Mock)),
        (None, Some("False"), Some(Pure)),
        (Some("pure"), Some("False"), Some(Pure)),
        (Some("mock"), Some("True"), Some(Mock)),
        (Some("pure"), Some("True"), None),
        (Some("mock"), Some("False"), None),
        (Some("sparse-files"), None, Some(Named("sparse-files".to_owned()))),
        (Some("sparse-files"), Some("False"), Some(Named("sparse-files".to_owned()))),
        (Some("sparse-files"), Some("True"), None),
    ];
    for (driver, use_mock, want) in cases {
        let line = |name: &str, value: Option<&str>| value.map(|v| format!("{name} = {v}\n")).unwrap_or_default();
        let text =
            format!("[DEFAULT]\n{}[engine]\n{}", line("use_mock_storage", use_mock), line("storage_driver", driver));
        match want {
            Some(want) => assert_eq!(read(&text).unwrap().storage_driver, want, "{text}"),
            None => {
                let message = refused(&text);
                assert!(message.contains("<text>:2: [DEFAULT] use_mock_storage"), "{message}");
                assert!(message.contains("<text>:4: [engine] storage_driver"), "{message}");
            }
        }
    }
}

#[test]
fn a_driver_is_named_by_one_word() {
    for (text, words) in [
        ("[engine]\nstorage_driver = sparse files\n", "<text>:2: [engine] storage_driver"),
        ("[engine]\ncloud_driver = 1st\n", "<text>:2: [engine] cloud_driver"),
        ("[driver:]\n", "<text>:1: [driver:] does not name a driver"),
        ("[driver:a b]\nx = planted\n", "<text>:1: [driver:a b] does not name a driver"),
    ] {
        let message = refused(text);
        assert!(message.contains(words) && !message.contains("planted"), "{message}");
    }
    let read = read("[engine]\ncloud_driver = My_Cloud-2 # ours\n").unwrap();
    assert_eq!(read.cloud_driver, CloudDriverChoice::Named("My_Cloud-2".to_owned()));
    assert_eq!(read.warnings.len(), 1, "{:?}", read.warnings);
}

#[test]
fn a_conflict_with_the_environment_names_the_variable() {
    let environment = environment(&[("OS_ENGINE__STORAGE_DRIVER", "mock")]);
    let error = Settings::from_text("[DEFAULT]\nuse_mock_storage = no\n", &environment).unwrap_err().to_string();
    assert!(error.contains("environment variable OS_ENGINE__STORAGE_DRIVER: "), "{error}");
    assert!(error.contains("<text>:2: "), "{error}");
}

#[test]
fn where_the_simulated_world_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let cases = [
        ("[engine]\nstorage_driver = mock\n".to_owned(), MockDatabase::Memory),
        ("[engine]\nmock_db_path = :memory:\n[DEFAULT]\nuse_mock_storage = 1\n".to_owned(), MockDatabase::Memory),
        ("[engine]\nmock_db_path = /x.db\n[DEFAULT]\nuse_mock_storage = 1\n".to_owned(), file("/x.db")),
        ("[engine]\nmock_db_path = /x/\n".to_owned(), file("/x/mock_array.db")),
        (format!("[engine]\nmock_db_path = {folder}\n"), file(&format!("{folder}/mock_array.db"))),
        ("[engine]\nmock_db_path =\n".to_owned(), MockDatabase::Memory),
        ("[DEFAULT]\nuse_mock_storage = 1\nstate_path = /s\n".to_owned(), file("/s/mock_storage/mock_array.db")),
        (
            "[DEFAULT]\nuse_mock_storage = 1\n[engine]\nstorage_driver = mock\n".to_owned(),
            file("/var/lib/protector/mock_storage/mock_array.db"),
        ),
    ];
    for (text, want) in cases {
        let got = read(&text).unwrap().mock_database;
        assert_eq!(got, want, "{text}");
        assert_eq!(got.persistent(), got.to_string() != ":memory:");
    }
}

#[test]
fn no_output_shows_a_secret() {
    let text = "[database]\nconnection = mysql+pymysql://u:hidden@db/p\n[storage]\n\
                primary_array_api_token = hidden-1\nsecondary_array_api_token = hidden-2\n";
    let shown = format!("{:?}", read(text).unwrap());
    assert!(!shown.contains("hidden"), "{shown}");
    assert!(shown.contains("database_connection: Some(\"***\")"), "{shown}");

    let refusals = [
        "[storage]\nprimary_array_api_token = a$hidden\n",
        "[storage]\nprimary_array_api_token = a${hidden.b}\n",
        "[database]\nconnection = $hidden\n",
        "[storage]\nprimary_array_url = http://u:hidden@fa\n",
        "[storage]\nprimary_array_url = https://u:hidden@fa\n",
        "[storage]\nprimary_array_url = https://u:hid den@hidden\n",
        "[storage]\nprimary_array_api_token = hidden\nprimary_array_url = http://$primary_array_api_token\n",
    ];
    for text in refusals {
        let message = refused(text);
        assert!(!message.contains("hidden"), "{message}");
        assert!(message.starts_with("<text>:"), "{message}");
    }
}

#[test]
fn references_that_lead_nowhere_are_refused_with_their_place() {
    for (value, reason) in [
        ("$nope", "$nope names no option"),
        ("$nope.x", "$nope.x names no section"),
        ("$DEFAULT.state_path", "$DEFAULT.state_path names no section"),
        ("$storage", "$storage names a section"),
        ("$log_dir", "$log_dir leads back"),
        ("$storage.primary_array_api_token", "is a secret"),
    ] {
        let message = refused(&format!("[DEFAULT]\nlog_dir = {value}\n"));
        assert!(message.starts_with("<text>:2: [DEFAULT] log_dir: "), "{message}");
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn options_without_effect_are_pointed_out() {
    let text = "[engine]\nmock-db-path = /x\n[STORAGE]\nprimary_array_api_token T-hidden = 1\n[site:a]\ncluod = a\n\
                [DEFAULT]\nrpc_backend = rabbit\n[oslo_messaging]\nx = 1\n";
    let got = read(text).unwrap().warnings;
    assert_eq!(got.len(), 3, "{got:?}");
    assert!(got[0].starts_with("<text>:2: [engine] mock-db-path: "), "{got:?}");
    assert!(got[1].starts_with("<text>:4: [STORAGE] primary_array_api_token: "), "{got:?}");
    assert!(got[2].starts_with("<text>:6: [site:a] cluod: "), "{got:?}");
}

#[test]
fn a_site_has_one_name_in_one_spelling() {
    let message = refused("[site:a]\n[site:A]\ncloud = x\n");
    assert!(message.contains("<text>:1: [site:a]") && message.contains("<text>:2: [site:A]"), "{message}");
    for text in ["[site:]\n", "[site: a]\n", "[site:a ]\n"] {
        assert!(refused(text).starts_with("<text>:1: "));
    }
    let twice = read("[site:a]\ncloud = x\n[engine]\n[site:a]\ncloud = y\n").unwrap();
    assert_eq!(twice.sites["a"].cloud.as_deref(), Some("y"));
}

#[test]
fn a_path_that_is_needed_cannot_be_empty() {
    for (section, name) in [("DEFAULT", "state_path"), ("storage", "fernet_key_repository")] {
        let message = refused(&format!("[{section}]\n{name} =\n"));
        assert!(message.starts_with(&format!("<text>:2: [{section}] {name} is empty")), "{message}");
    }
}

#[test]
fn later_files_win_and_messages_name_the_right_one() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a.conf", "b.conf"].map(|name| folder.path().join(name));
    std::fs::write(&a, "[DEFAULT]\nstate_path = /a\nlog_dir = /log\n").unwrap();
    std::fs::write(&b, "[DEFAULT]\n\nstate_path = /b\ndebug = perhaps\n").unwrap();
    let place = format!("{}:4: [DEFAULT] debug: ", b.display());
    let files = [a, b];
    let no_debug = environment(&[("OS_DEFAULT__DEBUG", "0")]);
    let got = Settings::load_with(&files, no_debug).unwrap();
    assert_eq!((got.state_path, got.log_dir), ("/b".into(), Some("/log".into())));
    assert_eq!(got.files, files);

    let error = Settings::load_with(&files, BTreeMap::new()).unwrap_err();
    assert!(error.to_string().starts_with(&place), "{error}");
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("missing.conf"), folder.path().to_owned()] {
        let error = Settings::load_with(std::slice::from_ref(&path), BTreeMap::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Storage);
        assert!(error.message().contains(path.to_str().unwrap()), "{error}");

        let variable = environment(&[("PROTECTOR_CONFIG_FILE", path.to_str().unwrap())]);
        let error = Settings::discover_in(folder.path(), variable, None).unwrap_err();
        assert!(error.message().starts_with("PROTECTOR_CONFIG_FILE: "), "{error}");
    }
}

#[test]
fn the_usual_places_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let put = |name: &str| {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("[DEFAULT]\nlog_dir = /{name}\n")).unwrap();
    };
    let home = environment(&[("HOME", root.join("home").to_str().unwrap()), ("PROTECTOR_CONFIG_FILE", "")]);
    let found = |program| {
        let settings = Settings::discover_in(root, home.clone(), program).unwrap();
        let names = settings.files.iter().map(|path| path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert!(found(Some("protector-engine")).is_empty());
    let no_home = Settings::discover_in(root, environment(&[("HOME", "/dev/null")]), None).unwrap();
    assert!(no_home.files.is_empty());

    // each better than the one before
    for name in ["etc/protector.conf", "etc/protector/protector.conf", "home/protector.conf"] {
        put(name);
        assert_eq!(found(None), [name]);
    }
    put("home/.protector/protector.conf");
    put("etc/protector/protector-engine.conf");
    put("etc/protector/protector.conf.d/20.conf");
    put("etc/protector/protector.conf.d/10.conf");
    put("etc/protector/protector.conf.d/.30.conf");
    put("etc/protector/protector.conf.d/README");
    put("etc/protector-engine.conf.d/x.conf");
    let project = ["home/.protector/protector.conf"];
    let directory = ["etc/protector/protector.conf.d/10.conf", "etc/protector/protector.conf.d/20.conf"];
    assert_eq!(found(None), [&project[..], &directory].concat());
    assert_eq!(found(Some("protector")), found(None));
    let program = ["etc/protector/protector-engine.conf"];
    let last = ["etc/protector-engine.conf.d/x.conf"];
    assert_eq!(found(Some("protector-engine")), [&project[..], &program, &directory, &last].concat());

    let mut named = home.clone();
    named.insert("PROTECTOR_CONFIG_FILE".into(), root.join("etc/protector.conf").to_str().unwrap().into());
    let settings = Settings::discover_in(root, named, Some("protector-engine")).unwrap();
    assert_eq!(settings.files, [root.join("etc/protector.conf")]);
}
