use super::*;

fn config(text: &str, options: Vec<Opt>) -> Config {
    let mut config = Config::default();
    options.into_iter().for_each(|option| config.register(option));
    config.add_text("x.conf", text.as_bytes()).unwrap();
    config
}

fn at(line: usize) -> Option<Location> {
    Some(Location::File { path: "x.conf".into(), line })
}

#[test]
fn a_reading_tells_where_the_value_stands() {
    let option = || vec![Opt::new("s", "a", Kind::Text).default("d").deprecated("old", "b")];
    for (text, value, origin) in [
        ("", "d", None),
        ("[s]\na = 1\na = 2\n", "2", at(3)),
        ("[OLD]\nb = 3\n", "3", at(2)),
        ("[s]\na = 1\n[old]\nb = 3\n", "1", at(2)),
    ] {
        let got = config(text, option()).get("s", "a").unwrap();
        assert_eq!((got.value, got.origin), (Some(Value::Text(value.into())), origin), "{text}");
    }
}

#[test]
fn the_environment_wins_over_files() {
    let mut config = config("[s]\na = file\n", vec![Opt::new("s", "a", Kind::Text)]);
    // unlike in a file, spaces and quotes count
    config.environment.insert("OS_S__A".into(), " \"env$$".into());
    let got = config.get("s", "a").unwrap();
    assert_eq!(got.value, Some(Value::Text(" \"env$".into())));
    assert_eq!(got.origin, Some(Location::Environment { variable: "OS_S__A".into() }));
}

#[test]
fn only_the_lenient_reader_forgives_comments() {
    let mut config = config("[s]\na = 1 # one\n", vec![Opt::new("s", "a", Kind::Int(0..=9))]);
    assert_eq!(config.get("s", "a").unwrap_err().kind(), ReadErrorKind::Value);
    config.lenient();
    let got = config.get("s", "a").unwrap();
    assert_eq!((got.value, got.origin), (Some(Value::Int(1)), at(2)));
    assert!(got.warning.unwrap().starts_with("x.conf:2: [s] a: "));
}

#[test]
fn secrets_stay_in_secrets_and_out_of_sight() {
    let options = vec![
        Opt::new("s", "token", Kind::Text).secret(),
        Opt::new("s", "pin", Kind::Int(0..=9)).secret(),
        Opt::new("s", "url", Kind::Text).secret(),
        Opt::new("s", "name", Kind::Text),
    ];
    let config = config("[s]\ntoken = hidden\npin = hidden\nurl = x:$token@y\nname = $token\n", options);
    assert_eq!(config.get("s", "url").unwrap().value, Some(Value::Secret(ApiToken::new("x:hidden@y"))));
    let pin = config.get("s", "pin").unwrap_err();
    assert_eq!(pin.to_string(), "x.conf:3: [s] pin: not a whole number");
    assert_eq!(config.get("s", "name").unwrap_err().kind(), ReadErrorKind::Substitution);
    let shown = format!("{config:?} {:?}", config.get("s", "token"));
    assert!(!shown.contains("hidden") && shown.contains("x.conf"), "{shown}");
}

#[test]
fn lists_have_no_text_and_unknown_options_no_value() {
    let options = vec![Opt::new("s", "a", Kind::Text), Opt::new("s", "l", Kind::List), Opt::new("s", "m", Kind::Multi)];
    for name in ["l", "m"] {
        let config = config(&format!("[s]\n{name} = 1\na = ${name}\n"), options.clone());
        let error = config.get("s", "a").unwrap_err();
        assert_eq!(error.kind(), ReadErrorKind::Substitution);
        assert!(error.to_string().starts_with("x.conf:3: [s] a: "), "{error}");
    }
    assert_eq!(Config::default().get("s", "a").unwrap_err().kind(), ReadErrorKind::NoSuchOption);
}
