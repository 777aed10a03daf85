use super::*;
use crate::ErrorKind;
use tempfile::TempDir;

fn repository() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("etc/fernet-keys");
    (directory, path)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn setup_makes_a_private_repository_once() {
    let (_guard, path) = repository();
    let report = KeyRing::setup(&path).unwrap();
    assert_eq!(report.created, [path.join("1"), path.join("0")]);
    assert_eq!((mode(&path), mode(&path.join("0")), mode(&path.join("1"))), (0o700, 0o600, 0o600));
    assert_eq!(fs::read_dir(&path).unwrap().count(), 2, "no temporary file stays");

    let before = fs::read_to_string(path.join("1")).unwrap();
    assert_eq!(KeyRing::setup(&path).unwrap().created, Vec::<PathBuf>::new());
    assert_eq!(fs::read_to_string(path.join("1")).unwrap(), before);
}

#[test]
fn setup_completes_a_repository_that_a_crash_left_half_made() {
    let (_guard, path) = repository();
    KeyRing::setup(&path).unwrap();
    let stored = KeyRing::load(&path).unwrap().encrypt(&ApiToken::new("T-1"));
    fs::remove_file(path.join("0")).unwrap();
    assert_eq!(KeyRing::setup(&path).unwrap().created, [path.join("0")]);
    assert_eq!(KeyRing::load(&path).unwrap().decrypt(&stored).unwrap().expose(), "T-1");
}

#[test]
fn setups_at_once_agree_on_the_keys() {
    let (_guard, path) = repository();
    let created: usize = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| KeyRing::setup(&path).unwrap().created.len())).collect();
        runs.into_iter().map(|run| run.join().unwrap()).sum()
    });
    assert_eq!(created, 2);
    assert_eq!(key_numbers(&path).unwrap(), [0, 1]);
}

#[test]
fn the_highest_number_encrypts_and_all_decrypt() {
    let (_guard, path) = repository();
    KeyRing::setup(&path).unwrap();
    let token = ApiToken::new("T-1");
    let by_1 = KeyRing::load(&path).unwrap().encrypt(&token);

    let add = |name: &str| {
        fs::write(path.join(name), Fernet::generate_key() + "\n").unwrap();
        fs::set_permissions(path.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    };
    add("2");
    add("10");
    let keys = KeyRing::load(&path).unwrap();
    assert_eq!(keys.decrypt(&by_1).unwrap(), token);
    let by_10 = keys.encrypt(&token);
    for other in ["0", "1", "2"] {
        fs::remove_file(path.join(other)).unwrap();
    }
    let keys = KeyRing::load(&path).unwrap();
    assert_eq!(keys.decrypt(&by_10).unwrap(), token);
    let e = keys.decrypt(&by_1).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Storage);
    assert!(e.message().contains("fernet-keys"), "{e}");
}

#[test]
fn changed_or_foreign_text_is_refused() {
    let (_guard, path) = repository();
    KeyRing::setup(&path).unwrap();
    let keys = KeyRing::load(&path).unwrap();
    let stored = keys.encrypt(&ApiToken::new("T-1"));
    for text in ["", "T-1", "fernet:v1:", "fernet:v2:x", stored.trim_start_matches(SCHEME), &stored[..stored.len() - 4]]
    {
        assert_eq!(keys.decrypt(text).unwrap_err().kind(), ErrorKind::Storage, "{text}");
    }
}

/// Written with Python's `cryptography.fernet.Fernet`, the other implementation that operators have at hand.
#[test]
fn tokens_of_python_cryptography_decrypt() {
    let (_guard, path) = repository();
    KeyRing::setup(&path).unwrap();
    fs::write(path.join("1"), PYTHON_KEY).unwrap();
    let token = KeyRing::load(&path).unwrap().decrypt(PYTHON_TOKEN).unwrap();
    assert_eq!(token.expose(), "T-12345678-abcd");
}

const PYTHON_KEY: &str = "qsneC8-l0nAxOePqB4xk6O5J9W14LNzY8I00ZsH4Ric=";
const PYTHON_TOKEN: &str =
    "fernet:v1:gAAAAABrADxRgS6BepkkeOcU4I1hwAZ2hKiuifpXUzPV8W9I093nRgJPDCm_FJjwbak582J3YxmrQDJXp8n1NIFtJH7cKeCJTw==";

#[test]
fn a_missing_empty_broken_or_shared_repository_is_refused() {
    let (_guard, path) = repository();
    let refused = |words: &[&str]| {
        let e = KeyRing::load(&path).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::InvalidConfiguration, "{e}");
        let text = e.to_string();
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    };
    refused(&["does not exist", "protector-manage fernet setup", "fernet-keys"]);

    fs::create_dir_all(&path).unwrap();
    refused(&["holds no keys", "protector-manage fernet setup"]);

    fs::remove_dir(&path).unwrap();
    KeyRing::setup(&path).unwrap();
    fs::set_permissions(path.join("0"), fs::Permissions::from_mode(0o640)).unwrap();
    refused(&["chmod 0600", "fernet-keys/0", "0640"]);

    fs::set_permissions(path.join("0"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    refused(&["chmod 0700", "0755"]);

    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(path.join("1"), "secret but no key").unwrap();
    refused(&["fernet-keys/1", "not a Fernet key"]);
    assert!(!format!("{:?}", KeyRing::load(&path).unwrap_err()).contains("secret"));
}

#[test]
fn an_unwritable_place_is_named() {
    let (guard, _) = repository();
    let file = guard.path().join("file");
    fs::write(&file, "").unwrap();
    let e = KeyRing::setup(&file.join("keys")).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Storage);
    assert!(e.message().contains("file/keys"), "{e}");
    assert!(e.remedy_text().is_some());
}

#[test]
fn debug_shows_no_key() {
    let (_guard, path) = repository();
    KeyRing::setup(&path).unwrap();
    let text = format!("{:?}", KeyRing::load(&path).unwrap());
    assert!(text.ends_with("fernet-keys\", keys: 2 }"), "{text}");
    for number in ["0", "1"] {
        assert!(!text.contains(&fs::read_to_string(path.join(number)).unwrap()));
    }
}
