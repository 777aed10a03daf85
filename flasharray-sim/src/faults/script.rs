//! The script language of faults: one per line.

use hyper::Method;
use jiff::SignedDuration;
use protector_core::Error;
use std::{str::FromStr, time::Duration};

/// A fault as it was written, and what it means.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    pub(super) line: String,
    /// Begins once this many more requests came in.
    pub(super) after: u64,
    pub(super) effect: Effect,
}

/// What a fault does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Effect {
    /// An array goes down, or comes up again.
    Array { name: String, up: bool },
    /// All links between arrays are cut or mended.
    Link { up: bool },
    /// Transfers that begin from now on take this many times as long.
    SlowLink { factor: f64 },
    /// An array can hold only so many of a noun.
    Limit { noun: String, most: u64 },
    /// An array's clock is ahead of the world's, or behind it.
    ClockSkew { array: Option<String>, ms: i64 },
    /// The API token is no longer accepted, and its sessions end; or it is accepted again.
    Token { array: Option<String>, accepted: bool },
    /// Every session ends.
    ExpireSessions { array: Option<String> },
    /// Some requests are not served as they should be.
    Request(RequestFault),
}

/// Which requests are not served as they should be, and what happens to them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RequestFault {
    /// `None`: any.
    pub(super) method: Option<Method>,
    /// Without the version; a `*` at the end stands for anything.
    pub(super) path: String,
    pub(super) array: Option<String>,
    /// The first request that is hit, counted among those that match from 1 on.
    pub(super) nth: u64,
    /// How many are hit from there on. `None`: all.
    pub(super) times: Option<u64>,
    pub(super) probability: Option<f64>,
    pub(super) delay: Duration,
    pub(super) outcome: Outcome,
}

/// What happens to a request that is hit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Outcome {
    /// It is served.
    #[default]
    Serve,
    /// It is served, but its reply never comes: the connection closes.
    LoseReply,
    /// The connection closes before anything is done.
    Close,
    /// It is served, but the reply carries this status.
    ServeAs { status: u16 },
    /// Nothing is done, and this is the reply.
    Reply {
        status: u16,
        message: Option<String>,
        body: Option<String>,
        as_errors: Option<bool>,
        retry_after: Option<u64>,
    },
}

/// Reads a script. Empty lines and what follows a `#` at the beginning of a line are skipped.
///
/// # Errors
/// a line that cannot be read → `InvalidRequest`, which quotes it and says what is wrong.
pub(super) fn parse(script: &str) -> Result<Vec<Fault>, Error> {
    let lines = script.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| {
            fault(line).map_err(|why| {
                Error::invalid(format!("line {number} of the fault script, '{line}': {why}"))
                    .remedy("for example: on POST volumes/batch array=arrB nth=2 status=500 message=\"Server is busy\"")
            })
        })
        .collect()
}

fn fault(line: &str) -> Result<Fault, String> {
    let mut words = Words::read(line)?;
    let after = words.after()?;
    let verb = words.bare.first().cloned().unwrap_or_default();
    let effect = match verb.as_str() {
        "on" => Effect::Request(request(&mut words)?),
        "down" | "up" => Effect::Array { name: words.required("array")?, up: words.verb() == "up" },
        "link" => {
            words.verb();
            match words.verb().as_str() {
                "down" => Effect::Link { up: false },
                "up" => Effect::Link { up: true },
                other => return Err(format!("a link is 'down' or 'up', not '{other}'")),
            }
        }
        "slow-link" => {
            words.verb();
            Effect::SlowLink { factor: factor(&words.verb())? }
        }
        "limit" => {
            words.verb();
            let (noun, most) = words.pairs.pop().ok_or("a limit is NOUN=NUMBER, for example volumes=100")?;
            Effect::Limit { noun, most: number(&most)? }
        }
        "clock-skew" => {
            words.verb();
            Effect::ClockSkew { ms: millis(&words.verb())?, array: words.take("array") }
        }
        "revoke-token" | "restore-token" => {
            Effect::Token { accepted: words.verb() == "restore-token", array: words.take("array") }
        }
        "expire-sessions" => {
            words.verb();
            Effect::ExpireSessions { array: words.take("array") }
        }
        other => return Err(format!("'{other}' is no fault")),
    };
    words.end()?;
    Ok(Fault { line: line.to_owned(), after, effect })
}

fn request(words: &mut Words) -> Result<RequestFault, String> {
    words.verb();
    let method = words.verb();
    let method = match method.as_str() {
        "GET" | "POST" | "PUT" | "PATCH" | "DELETE" => Some(Method::from_str(&method).map_err(|e| e.to_string())?),
        "*" => None,
        other => return Err(format!("'{other}' is not a method: GET, POST, PUT, PATCH, DELETE or *")),
    };
    let path = words.verb();
    if path.is_empty() {
        return Err("the path is missing, for example volumes/batch".to_owned());
    }
    let nth = words.take("nth").map(|text| positive(&text)).transpose()?;
    let times = words.take("times").map(|text| positive(&text)).transpose()?;
    let probability = words.take("probability").map(|text| fraction(&text)).transpose()?;
    let delay = words.take("delay").map(|text| duration(&text)).transpose()?;
    let array = words.take("array");
    let outcome = outcome(words)?;
    if outcome == Outcome::Serve && delay.is_none() {
        return Err("nothing would happen: give status=, reply= or delay=".to_owned());
    }
    Ok(RequestFault {
        method,
        path,
        array,
        nth: nth.unwrap_or(1),
        times: times.or(nth.map(|_| 1)),
        probability,
        delay: delay.unwrap_or_default(),
        outcome,
    })
}

/// A status of success without a body of its own is given to the reply that the request would get anyway.
fn outcome(words: &mut Words) -> Result<Outcome, String> {
    let reply = words.take("reply");
    let Some(status) = words.take("status") else {
        return match reply.as_deref() {
            None => Ok(Outcome::Serve),
            Some("lost") => Ok(Outcome::LoseReply),
            Some("refused") => Ok(Outcome::Close),
            Some(other) => Err(format!("a reply is 'lost' or 'refused', not '{other}'")),
        };
    };
    if reply.is_some() {
        return Err("a reply that is lost or refused has no status".to_owned());
    }
    let status = match number(&status)? {
        status @ 200..=599 => u16::try_from(status).unwrap_or(500),
        other => return Err(format!("{other} is not a status between 200 and 599")),
    };
    let [message, body, retry_after] = ["message", "body", "retry-after"].map(|name| words.take(name));
    if status < 300 && message.is_none() && body.is_none() {
        return Ok(Outcome::ServeAs { status });
    }
    let as_errors = match words.take("form").as_deref() {
        None => None,
        Some("errors") => Some(true),
        Some("gateway") => Some(false),
        Some(other) => return Err(format!("a form is 'errors' or 'gateway', not '{other}'")),
    };
    let retry_after = retry_after.map(|text| number(&text)).transpose()?;
    Ok(Outcome::Reply { status, message, body, as_errors, retry_after })
}

/// The words of a line: those that stand alone, and the pairs `name=value`.
struct Words {
    bare: Vec<String>,
    pairs: Vec<(String, String)>,
}

impl Words {
    fn read(line: &str) -> Result<Self, String> {
        let (mut bare, mut pairs) = (Vec::new(), Vec::new());
        let mut rest = line.trim_start();
        while !rest.is_empty() {
            let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
            let (word, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
            rest = match behind.strip_prefix('=') {
                None => {
                    bare.push(word.to_owned());
                    behind
                }
                Some(value) => {
                    let (value, behind) = read_value(value)?;
                    pairs.push((word.to_owned(), value));
                    behind
                }
            }
            .trim_start();
        }
        Ok(Self { bare, pairs })
    }

    /// The next word that stands alone; empty if there is none.
    fn verb(&mut self) -> String {
        if self.bare.is_empty() { String::new() } else { self.bare.remove(0) }
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.pairs.iter().position(|(found, _)| found == name)?;
        Some(self.pairs.remove(at).1)
    }

    fn required(&mut self, name: &str) -> Result<String, String> {
        self.take(name).ok_or_else(|| format!("{name}= is missing"))
    }

    /// Takes `after N requests`, wherever it stands.
    fn after(&mut self) -> Result<u64, String> {
        let Some(at) = self.bare.iter().position(|word| word == "after") else { return Ok(0) };
        match self.bare.get(at + 1..at + 3) {
            Some([count, unit]) if unit == "requests" || unit == "request" => {
                let count = number(count)?;
                self.bare.drain(at..at + 3);
                Ok(count)
            }
            _ => Err("'after' is followed by a number and 'requests'".to_owned()),
        }
    }

    /// Nothing is left over.
    fn end(self) -> Result<(), String> {
        match (self.bare.first(), self.pairs.first()) {
            (None, None) => Ok(()),
            (Some(word), _) => Err(format!("'{word}' has no meaning here")),
            (None, Some((name, _))) => Err(format!("'{name}=' has no meaning here")),
        }
    }
}

/// A value up to the next blank, or in double quotes, where a backslash takes the next character as it is.
fn read_value(text: &str) -> Result<(String, &str), String> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (value, behind) = text.split_at_checked(end).unwrap_or((text, ""));
        return Ok((value.to_owned(), behind));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((value, quoted.get(at + 1..).unwrap_or_default())),
            '\\' => value.extend(characters.next().map(|(_, next)| next)),
            _ => value.push(character),
        }
    }
    Err("a text in quotes does not end".to_owned())
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("'{text}' is not a number"))
}

fn positive(text: &str) -> Result<u64, String> {
    number(text)?.checked_sub(1).map(|less| less + 1).ok_or_else(|| "0 is too small: 1 is the first".to_owned())
}

fn fraction(text: &str) -> Result<f64, String> {
    let found = text.parse::<f64>().ok().filter(|value| (0.0..=1.0).contains(value));
    found.ok_or_else(|| format!("'{text}' is not a probability between 0 and 1"))
}

/// `10x`.
fn factor(text: &str) -> Result<f64, String> {
    let found = text.strip_suffix('x').and_then(|text| text.parse::<f64>().ok());
    let found = found.filter(|factor| factor.is_finite() && *factor > 0.0);
    found.ok_or_else(|| format!("'{text}' is not a factor such as 10x"))
}

fn duration(text: &str) -> Result<Duration, String> {
    let found = text.parse::<SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
    found.ok_or_else(|| format!("'{text}' is not a time such as 500ms or 2s"))
}

fn millis(text: &str) -> Result<i64, String> {
    let found = text.parse::<SignedDuration>().ok().and_then(|duration| i64::try_from(duration.as_millis()).ok());
    found.ok_or_else(|| format!("'{text}' is not a time such as +90s or -2m"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Fault {
        let mut faults = parse(line).unwrap();
        assert_eq!(faults.len(), 1, "{line}");
        faults.remove(0)
    }

    fn on(line: &str) -> RequestFault {
        match one(line).effect {
            Effect::Request(fault) => fault,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_fault_can_be_written() {
        let arr_a = || Some("arrA".to_owned());
        let table = [
            ("array=arrB down", Effect::Array { name: "arrB".to_owned(), up: false }),
            ("array=arrB up", Effect::Array { name: "arrB".to_owned(), up: true }),
            ("link down", Effect::Link { up: false }),
            ("link up", Effect::Link { up: true }),
            ("slow-link 10x", Effect::SlowLink { factor: 10.0 }),
            ("slow-link 0.5x", Effect::SlowLink { factor: 0.5 }),
            ("limit volumes=100", Effect::Limit { noun: "volumes".to_owned(), most: 100 }),
            ("clock-skew array=arrA +90s", Effect::ClockSkew { array: arr_a(), ms: 90_000 }),
            ("clock-skew -1m", Effect::ClockSkew { array: None, ms: -60_000 }),
            ("revoke-token array=arrA", Effect::Token { array: arr_a(), accepted: false }),
            ("restore-token", Effect::Token { array: None, accepted: true }),
            ("expire-sessions array=arrA", Effect::ExpireSessions { array: arr_a() }),
        ];
        for (line, effect) in table {
            assert_eq!(one(line).effect, effect, "{line}");
        }
    }

    #[test]
    fn a_request_is_hit_where_and_when_the_line_says() {
        let fault = on("on POST volumes/batch array=arrB nth=2 status=500 message=\"Server is \\\"busy\\\"\"");
        assert_eq!(fault.method, Some(Method::POST));
        assert_eq!((fault.path.as_str(), fault.array.as_deref()), ("volumes/batch", Some("arrB")));
        assert_eq!((fault.nth, fault.times), (2, Some(1)));
        let message = Some("Server is \"busy\"".to_owned());
        let reply = Outcome::Reply { status: 500, message, body: None, as_errors: None, retry_after: None };
        assert_eq!(fault.outcome, reply);
        let fault = on("on * volumes* probability=0.1 delay=2s times=3");
        assert_eq!((fault.method, fault.path.as_str()), (None, "volumes*"));
        assert_eq!((fault.probability, fault.delay), (Some(0.1), Duration::from_secs(2)));
        assert_eq!((fault.nth, fault.times, fault.outcome), (1, Some(3), Outcome::Serve));
        assert_eq!(on("on GET arrays status=503").times, None);
    }

    #[test]
    fn a_hit_request_ends_as_the_line_says() {
        assert_eq!(on("on GET arrays reply=lost").outcome, Outcome::LoseReply);
        assert_eq!(on("on GET arrays reply=refused").outcome, Outcome::Close);
        assert_eq!(on("on GET arrays status=201").outcome, Outcome::ServeAs { status: 201 });
        let reply = |status, body: Option<&str>, as_errors, retry_after| Outcome::Reply {
            status,
            message: None,
            body: body.map(str::to_owned),
            as_errors,
            retry_after,
        };
        assert_eq!(on("on GET arrays status=429 retry-after=1").outcome, reply(429, None, None, Some(1)));
        assert_eq!(on("on GET arrays status=200 body=\"{}\"").outcome, reply(200, Some("{}"), None, None));
        assert_eq!(on("on GET arrays status=403 form=errors").outcome, reply(403, None, Some(true), None));
    }

    #[test]
    fn a_fault_may_begin_later() {
        assert_eq!(one("array=arrB down after 5 requests").after, 5);
        assert_eq!(one("after 1 request link down").after, 1);
        assert_eq!(one("link down").after, 0);
    }

    #[test]
    fn comments_and_empty_lines_are_skipped() {
        assert_eq!(parse("\n# nothing\n  link down\n\n\tlink up  \n").unwrap().len(), 2);
    }

    #[test]
    fn what_cannot_be_read_is_quoted() {
        let table = [
            ("explode", "'explode' is no fault"),
            ("array=arrB", "'' is no fault"),
            ("down", "array= is missing"),
            ("link", "a link is 'down' or 'up', not ''"),
            ("link down now", "'now' has no meaning here"),
            ("slow-link 10", "'10' is not a factor such as 10x"),
            ("slow-link -1x", "'-1x' is not a factor such as 10x"),
            ("limit volumes=many", "'many' is not a number"),
            ("limit", "a limit is NOUN=NUMBER, for example volumes=100"),
            ("clock-skew soon", "'soon' is not a time such as +90s or -2m"),
            ("on FETCH volumes status=500", "'FETCH' is not a method: GET, POST, PUT, PATCH, DELETE or *"),
            ("on GET", "the path is missing, for example volumes/batch"),
            ("on GET volumes", "nothing would happen: give status=, reply= or delay="),
            ("on GET volumes status=99", "99 is not a status between 200 and 599"),
            ("on GET volumes status=500 reply=lost", "a reply that is lost or refused has no status"),
            ("on GET volumes reply=late", "a reply is 'lost' or 'refused', not 'late'"),
            ("on GET volumes status=403 form=odd", "a form is 'errors' or 'gateway', not 'odd'"),
            ("on GET volumes nth=0 status=500", "0 is too small: 1 is the first"),
            ("on GET volumes probability=2 status=500", "'2' is not a probability between 0 and 1"),
            ("on GET volumes delay=-1s", "'-1s' is not a time such as 500ms or 2s"),
            ("on GET volumes status=500 colour=red", "'colour=' has no meaning here"),
            ("on GET volumes message=\"x", "a text in quotes does not end"),
            ("link down after 5", "'after' is followed by a number and 'requests'"),
        ];
        for (line, why) in table {
            let refused = parse(&format!("link up\n{line}")).unwrap_err();
            assert_eq!(refused.message(), format!("line 2 of the fault script, '{line}': {why}"));
        }
    }
}
