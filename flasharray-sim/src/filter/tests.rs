use super::*;
use proptest::prelude::*;
use serde_json::json;

fn item() -> Value {
    json!({
        "name": "arrA:pg.1.v1",
        "serial": "A0B1",
        "provisioned": 1_073_741_824_u64,
        "progress": 1.0,
        "destroyed": false,
        "is_local": true,
        "started": null,
        "pod": {"id": null, "name": "pod1"},
        "source": {"name": null},
        "iqns": ["iqn.1993-08.org.debian:01:abc", "iqn.2"],
        "eth": {"subtype": "lacp_bond"},
        "arrays": [{"name": "arrA", "status": "online"}, {"name": "arrB", "status": "offline"}],
        "order": 1,
        "tags": [{"key": "env", "value": "prod"}],
    })
}

fn matches(filter: &str) -> bool {
    Filter::parse(filter).unwrap_or_else(|why| panic!("{filter}: {why}")).matches(&item())
}

#[test]
fn what_clients_send_is_understood() {
    let table = [
        ("name='arrA:pg.1.*'", true),
        ("name='arrA:pg.2.*'", false),
        ("name='ARRA:PG.1.V1'", true),
        ("name='pg*'", false),
        ("name=('a','arrA:pg.1.v1')", true),
        ("name = ('a','b')", false),
        ("name = (('a','arrA:pg.1.v1'))", true),
        ("progress=\"1.0\"", true),
        ("progress='1'", true),
        ("progress=0.5", false),
        ("pod.name='pod1'", true),
        ("pod.name='pod2'", false),
        ("source.name='x'", false),
        ("iqns='iqn.1993-08.org.debian:01:abc' and is_local", true),
        ("iqns='iqn.9' and is_local", false),
        ("not is_local", false),
        ("not(is_local)", false),
        ("destroyed='false'", true),
        ("destroyed=true", false),
        ("destroyed", false),
        ("eth.subtype='lacp_bond' or eth.subtype='vif'", true),
        ("serial='a0b1'", true),
        ("contains(name, 'PG.1')", true),
        ("contains(name,'pg.9')", false),
        ("tags('env', 'prod')", true),
        ("tags('env', 'test')", false),
        ("started", false),
        ("exists(destroyed)", true),
        ("exists(started)", false),
        ("name", true),
        ("order=1", true),
        ("arrays[any].status='online'", true),
        ("arrays[all].status='online'", false),
        ("arrays[all].name='arr*'", true),
        ("arrays.status='offline'", true),
    ];
    for (filter, expected) in table {
        assert_eq!(matches(filter), expected, "{filter}");
    }
}

#[test]
fn values_have_an_order() {
    let table = [
        ("provisioned>1000", true),
        ("provisioned>'9'", true),
        ("provisioned<1073741824", false),
        ("provisioned<=1073741824", true),
        ("provisioned>=1073741825", false),
        ("name>'arrA'", true),
        ("name<'b'", true),
        ("started>0", false),
        ("started<0", false),
        ("missing<1", false),
    ];
    for (filter, expected) in table {
        assert_eq!(matches(filter), expected, "{filter}");
    }
}

#[test]
fn everything_differs_from_what_is_not_there() {
    for filter in ["name!='x'", "started!='x'", "missing!='x'", "source.name!='x'", "name!=('x','y')"] {
        assert!(matches(filter), "{filter}");
    }
    assert!(!matches("name!='arrA:*'"));
    assert!(!matches("name!=('x','arrA:pg.1.v1')"));
}

#[test]
fn and_binds_tighter_than_or() {
    assert!(matches("is_local or is_local and destroyed"));
    assert!(!matches("(is_local or is_local) and destroyed"));
    assert!(matches("not destroyed and is_local"));
    assert!(!matches("not (destroyed or is_local)"));
    assert!(matches("NOT destroyed AND is_local"));
}

#[test]
fn quotes_may_be_inside_a_text() {
    let item = json!({"name": "it's", "other": "a\"b"});
    assert!(Filter::parse(r"name='it\'s'").unwrap().matches(&item));
    assert!(Filter::parse("name=\"it's\"").unwrap().matches(&item));
    assert!(Filter::parse("other='a\"b'").unwrap().matches(&item));
}

#[test]
fn what_cannot_be_read_says_where() {
    let table = [
        ("name=", "it ends too early"),
        ("name='a", "the text that begins at character 6 does not end"),
        ("name='a' nam='b'", "unexpected 'n' at character 10"),
        ("='a'", "unexpected '=' at character 1"),
        ("(name='a'", "it ends too early"),
        ("name='a' and", "it ends too early"),
        ("name=(('a')", "it ends too early"),
        ("name=('a' 'b')", "unexpected ''' at character 11"),
        ("size(name)", "there is no function 'size'"),
        ("a..b=1", "'a..b' is not a field"),
        ("a[0]=1", "'a[0]' is not a field"),
        ("ä='é' ö", "'ä' is not a field"),
        ("contains(name)", "unexpected ')' at character 14"),
    ];
    for (filter, expected) in table {
        assert_eq!(Filter::parse(filter).unwrap_err(), expected, "{filter}");
    }
    assert_eq!(Filter::parse(&"(".repeat(100_000)).unwrap_err(), "it is nested more than 64 times");
    assert!(Filter::parse(&"not ".repeat(100_000)).is_err());
}

proptest! {
    #[test]
    fn no_filter_makes_the_reader_panic(text in "\\PC{0,60}") {
        let _ = Filter::parse(&text).map(|filter| filter.matches(&item()));
    }

    #[test]
    fn no_mixture_of_its_signs_makes_the_reader_panic(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "name", "arrays[any].x", "=", "!=", "<", ">=", "(", ")", "'", "\"", "a*", "and", "or", "not", ",",
                "contains", "tags", "exists", " ", "\\", "é", ".", "1.0",
            ]),
            0..20,
        )
    ) {
        let _ = Filter::parse(&parts.concat()).map(|filter| filter.matches(&item()));
    }

    #[test]
    fn a_quoted_name_finds_itself(name in "[a-zA-Z0-9:./_ -]{1,40}") {
        let filter = Filter::parse(&format!("name='{name}'")).unwrap();
        let found = filter.matches(&json!({"name": name}));
        prop_assert!(found);
    }
}
