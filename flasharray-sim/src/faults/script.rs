//! The script language of faults: one per line.

mod words;

use hyper::Method;
use protector_core::Error;
use std::{str::FromStr, time::Duration};
use words::{Words, duration, factor, fraction, millis, number, positive};

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

#[cfg(test)]
mod tests;
