//! The end of the line that answers: what `protector-api` passes on to the engine.

use super::answers::Answers;
use super::wire::{self, Answer, Call, CarriedRecord, PROTOCOL, Question};
use crate::engine::Engine;
use crate::model::SiteName;
use crate::{Error, ErrorKind, Result};

impl Engine {
    /// Answers a question of the other site out of this site's store. Question and answer are JSON that only engines write
    /// and read; the answer may hold tokens of arrays, and goes to the other site and nowhere else.
    ///
    /// # Errors
    /// not a question → `InvalidRequest` → it was not an engine that asked. Everything else is in the answer, refusals of
    /// [`Peer`](crate::ports::Peer) among it.
    pub async fn answer_peer(&self, question: &str) -> Result<String> {
        answer(&Answers::new(self.site().clone(), self.endpoints().store.clone()), question).await
    }
}

/// See [`Engine::answer_peer`].
pub(super) async fn answer(answers: &Answers, question: &str) -> Result<String> {
    // what serde says may repeat a part of the question
    let question: Question = serde_json::from_str(question).map_err(|e| {
        Error::invalid(format!("not a question of another site (line {}, column {})", e.line(), e.column()))
            .remedy("this address is for engines; people use: openstack protector protection-group sync-status")
    })?;
    let answer = match fits(&question, answers.site()) {
        Ok(()) => answered(answers, &question.from, question.call).await.unwrap_or_else(Answer::from),
        Err(e) => Answer::from(e),
    };
    serde_json::to_string(&answer).map_err(|e| Error::internal("an answer cannot be written as JSON").source(e))
}

/// Whether the question is for this site, and in words that it understands.
fn fits(question: &Question, here: &SiteName) -> Result<()> {
    let Question { protocol, from, to, .. } = question;
    if *protocol != PROTOCOL {
        return Err(Error::unsupported(format!(
            "{from} speaks version {protocol} to other sites, {here} version {PROTOCOL}"
        ))
        .remedy("run the same release of Protector on both sites: openstack protector --version"));
    }
    if to != here || from == here {
        return Err(Error::configuration(format!("{from} asks for {to}, and this is {here}"))
            .remedy(format!("on {from}, let [site:{to}] api_url lead to the protector-api of {to}")));
    }
    Ok(())
}

async fn answered(answers: &Answers, from: &SiteName, call: Call) -> Result<Answer> {
    let carried = |record: Option<_>| record.as_ref().map(CarriedRecord::pack).transpose();
    Ok(match call {
        Call::Ping => Answer::Done {},
        Call::Version { group } => Answer::Version(wire::version(answers.version(&group).await?)),
        Call::Record { group } => Answer::Record(carried(answers.record(&group).await?)?.map(Box::new)),
        Call::Agreed { group } => Answer::Record(carried(answers.agreed(&group).await?)?.map(Box::new)),
        Call::OpenTests { group } => Answer::OpenTests(answers.open_tests(&group).await?),
        Call::Drills { group } => Answer::Drills(answers.drills(&group).await?),
        Call::CheckTokens { record } => {
            answers.check_tokens(&record.unpack()?).await?;
            Answer::Done {}
        }
        Call::Push { record, expected } => {
            let record = record.unpack()?;
            let (id, version) = (&record.group.id, record.version);
            told(
                from,
                &format!("version {version} of {id}"),
                answers.push(&record, wire::peer_version(expected)).await,
            )?
        }
        Call::Remove { group, expected } => {
            told(from, &format!("the end of {group}"), answers.remove(&group, wire::peer_version(expected)).await)?
        }
    })
}

/// Leaves a line about a change that came from outside.
fn told(from: &SiteName, what: &str, outcome: Result<()>) -> Result<Answer> {
    match &outcome {
        Ok(()) => tracing::info!(target: "protector.engine.metadata", "{from} told {what}"),
        Err(e) if e.kind() == ErrorKind::Conflict => {
            tracing::info!(target: "protector.engine.metadata", "{from} was refused {what}: {}", e.message());
        }
        Err(e) => tracing::warn!(target: "protector.engine.metadata", "{from} could not tell {what}: {}", e.message()),
    }
    outcome.map(|()| Answer::Done {})
}
