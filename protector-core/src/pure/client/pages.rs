//! Lists, page by page.

use super::reply::Envelope;
use super::{FlashArrayClient, Request};
use crate::pure::request::QueryValue;
use crate::{Error, Result};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

/// Most pages without an item in a row. A filter may leave a page empty; a server that never ends must not hold us.
const MOST_EMPTY_PAGES: u32 = 100;

impl FlashArrayClient {
    /// All items of a list.
    ///
    /// # Errors
    /// As [`Self::items_by`].
    pub(in crate::pure) async fn items<T: DeserializeOwned>(&self, request: &Request) -> Result<Vec<T>> {
        self.items_by(request, None).await
    }

    /// All items of a list, following its pages, until `deadline`. Either all of them or an error.
    ///
    /// # Errors
    /// As [`Self::send_by`]; an answer that is no list, or a list that does not end → `Internal` → report it.
    pub(in crate::pure) async fn items_by<T: DeserializeOwned>(
        &self,
        request: &Request,
        deadline: Option<Timestamp>,
    ) -> Result<Vec<T>> {
        self.items_until(request, deadline, |_| false).await
    }

    /// Items of a list, page by page, until there are `enough`, or no more.
    ///
    /// # Errors
    /// As [`Self::items_by`].
    pub(in crate::pure) async fn items_until<T: DeserializeOwned>(
        &self,
        request: &Request,
        deadline: Option<Timestamp>,
        enough: impl Fn(&[T]) -> bool + Send,
    ) -> Result<Vec<T>> {
        let mut first = request.clone();
        if !first.has("limit") {
            first = first.with("limit", QueryValue::Number(self.options().page_limit.max(1).into()));
        }
        let mut all: Vec<T> = Vec::new();
        let mut position = Position::Start;
        let mut empty_pages = 0;
        loop {
            let reply = self.send_by(&position.apply(first.clone()), deadline).await?;
            let (items, envelope) = reply.page::<T>()?;
            empty_pages = if items.is_empty() { empty_pages + 1 } else { 0 };
            if all.is_empty() {
                all = items;
            } else {
                all.extend(items);
            }
            match position.after(envelope, all.len() as u64).filter(|_| !enough(&all)) {
                Some(next) if next == position || empty_pages > MOST_EMPTY_PAGES => {
                    return Err(Error::internal(format!(
                        "GET {}: {self} says that there is more after {} items, and does not send it",
                        request.path,
                        all.len()
                    )));
                }
                Some(next) => position = next,
                None => return Ok(all),
            }
        }
    }
}

/// Where the next page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Position {
    Start,
    /// The array's own mark.
    Token(String),
    /// A count, for lists without marks: those of arrays, pods and links, transfers before 2.29, and sorted ones.
    Offset(u64),
}

impl Position {
    fn apply(&self, request: Request) -> Request {
        match self {
            Self::Start => request,
            Self::Token(token) => request.with("continuation_token", token.clone()),
            Self::Offset(offset) => request.with("offset", QueryValue::Number(*offset)),
        }
    }

    /// `None`: that was the last page.
    fn after(&self, envelope: Envelope, so_far: u64) -> Option<Self> {
        match (envelope.more, envelope.token.filter(|token| !token.is_empty())) {
            (Some(false), _) | (None, None) => None,
            (_, Some(token)) => Some(Self::Token(token)),
            (Some(true), None) if so_far == 0 => Some(self.clone()),
            (Some(true), None) => Some(Self::Offset(so_far)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(position: &Position, more: Option<bool>, token: Option<&str>, so_far: u64) -> Option<Position> {
        position.after(Envelope { token: token.map(str::to_owned), more }, so_far)
    }

    #[test]
    fn a_list_goes_on_while_the_array_says_so() {
        let start = Position::Start;
        for (more, token, so_far, next) in [
            (Some(false), None, 5, None),
            (Some(false), Some("t"), 5, None),
            (None, None, 5, None),
            (None, Some(""), 5, None),
            (Some(true), Some("t"), 5, Some(Position::Token("t".to_owned()))),
            (None, Some("t"), 5, Some(Position::Token("t".to_owned()))),
            (Some(true), None, 5, Some(Position::Offset(5))),
            (Some(true), Some(""), 5, Some(Position::Offset(5))),
        ] {
            assert_eq!(after(&start, more, token, so_far), next, "{more:?} {token:?}");
        }
    }

    #[test]
    fn a_list_that_stands_still_is_seen() {
        let token = Position::Token("t".to_owned());
        assert_eq!(after(&token, Some(true), Some("t"), 5), Some(token.clone()));
        assert_eq!(after(&Position::Start, Some(true), None, 0), Some(Position::Start));
        assert_eq!(after(&Position::Offset(5), Some(true), None, 5), Some(Position::Offset(5)));
    }

    #[test]
    fn marks_and_counts_go_into_the_query() {
        let list = Request::get("volumes");
        let token = Position::Token("a+b=".to_owned()).apply(list.clone()).target().unwrap();
        assert_eq!(token, "volumes?continuation_token=a%2Bb%3D");
        assert_eq!(Position::Offset(1000).apply(list.clone()).target().unwrap(), "volumes?offset=1000");
        assert_eq!(Position::Start.apply(list).target().unwrap(), "volumes");
    }
}
