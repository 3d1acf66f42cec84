//! The messages of the control protocol: JSON-RPC 2.0, one per line.

use kukuri_application::views::NodeEvent;
use kukuri_domain::{AuthorId, EntryKey, EventId, EventRef, TopicName, TopicRef};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::client::{ClientError, Code, EntryWrite, Profile};

/// What `jsonrpc` has to say.
const VERSION: &str = "2.0";

/// The names of the methods: those of the commands.
pub(crate) mod method {
    pub(crate) const HELLO: &str = "hello";
    pub(crate) const TOPIC_JOIN: &str = "topic.join";
    pub(crate) const TOPIC_LEAVE: &str = "topic.leave";
    pub(crate) const TOPIC_LIST: &str = "topic.list";
    pub(crate) const TOPIC_SHOW: &str = "topic.show";
    pub(crate) const POST: &str = "post";
    pub(crate) const REACT: &str = "react";
    pub(crate) const DELETE: &str = "delete";
    pub(crate) const THREAD: &str = "thread";
    pub(crate) const POSTS: &str = "posts";
    pub(crate) const FIND_POST: &str = "find_post";
    pub(crate) const PROFILE: &str = "profile";
    pub(crate) const SET_PROFILE: &str = "set_profile";
    pub(crate) const LOOK_AGAIN: &str = "look_again";
    pub(crate) const READ: &str = "read";
    pub(crate) const SEARCH: &str = "search";
    pub(crate) const KV_WRITE: &str = "kv.write";
    pub(crate) const KV_GET: &str = "kv.get";
    pub(crate) const KV_LIST: &str = "kv.list";
    pub(crate) const KV_HISTORY: &str = "kv.history";
    pub(crate) const MARK_READ: &str = "mark_read";
    pub(crate) const MUTE: &str = "mute";
    pub(crate) const UNMUTE: &str = "unmute";
    pub(crate) const MUTED: &str = "muted";
    pub(crate) const PEERS: &str = "peers";
    pub(crate) const EXPLAIN: &str = "explain";
    pub(crate) const STATUS: &str = "status";
    pub(crate) const SUBSCRIBE: &str = "subscribe";
    pub(crate) const UNSUBSCRIBE: &str = "unsubscribe";
    /// A notification of the node's.
    pub(crate) const EVENT: &str = "event";
}

/// A topic to join.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct JoinParams {
    pub(crate) topic: TopicName,
}

/// A joined topic.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TopicParams {
    pub(crate) topic: TopicRef,
}

/// A joined topic, or all.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MaybeTopicParams {
    pub(crate) topic: Option<TopicRef>,
}

/// A post.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PostParams {
    pub(crate) topic: TopicRef,
    pub(crate) text: String,
    /// The post that it answers.
    #[serde(default)]
    pub(crate) reply_to: Option<EventId>,
}

/// A reaction.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ReactParams {
    pub(crate) topic: TopicRef,
    pub(crate) id: EventId,
    pub(crate) content: String,
}

/// An event of a topic.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EventParams {
    pub(crate) topic: TopicRef,
    pub(crate) id: EventId,
}

/// Events of a topic.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EventsParams {
    pub(crate) topic: TopicRef,
    pub(crate) ids: Vec<EventId>,
}

/// A post of a topic, by the beginning of its id.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FindPostParams {
    pub(crate) topic: TopicRef,
    pub(crate) id: EventRef,
}

/// Writes to entries of a topic.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WriteEntriesParams {
    pub(crate) topic: TopicRef,
    pub(crate) writes: Vec<EntryWrite>,
}

/// An entry of a topic.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EntryParams {
    pub(crate) topic: TopicRef,
    pub(crate) key: EntryKey,
}

/// The writes to an entry of a topic.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EntryHistoryParams {
    pub(crate) topic: TopicRef,
    pub(crate) key: EntryKey,
    pub(crate) limit: u32,
}

/// How far a topic was read.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MarkReadParams {
    pub(crate) topic: TopicRef,
    pub(crate) up_to: EventId,
}

/// An author.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AuthorParams {
    pub(crate) author: AuthorId,
}

/// A subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct SubscriptionParams {
    pub(crate) subscription: u64,
}

/// The first request of a client, and its answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Hello {
    /// Protocol version of whoever speaks.
    pub(crate) protocol: u32,
    /// Program and version of whoever speaks.
    pub(crate) program: String,
    /// About the profile; only in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<Profile>,
    /// Whether the node ends with the command that it was started for; only in the answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) brief: bool,
}

/// A request, as a node reads it. A message without `id` wants no answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Request {
    #[serde(default)]
    pub(crate) id: Option<Value>,
    pub(crate) method: String,
    #[serde(default)]
    pub(crate) params: Value,
}

/// What happened, as a node tells a subscriber.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NoticeParams {
    pub(crate) subscription: u64,
    pub(crate) event: NodeEvent,
}

/// Why a message was no request that can be fulfilled.
#[derive(Debug)]
pub(crate) enum RpcError {
    /// No JSON.
    Parse(String),
    /// JSON, but no request.
    Request(String),
    /// No such method.
    Method(String),
    /// The parameters are not those of the method.
    Params(String),
    /// The request failed.
    Failed(ClientError),
}

impl RpcError {
    /// The number that JSON-RPC 2.0 has for it; -32000 is the first that is free for programs.
    fn number(&self) -> i32 {
        match self {
            RpcError::Parse(_) => -32_700,
            RpcError::Request(_) => -32_600,
            RpcError::Method(_) => -32_601,
            RpcError::Params(_) => -32_602,
            RpcError::Failed(_) => -32_000,
        }
    }

    fn into_client_error(self) -> ClientError {
        let wrong = |text: String| ClientError::new(Code::Request, text);
        match self {
            RpcError::Parse(why) => wrong(format!("the message is no JSON: {why}")),
            RpcError::Request(why) => wrong(format!("the message is no request: {why}")),
            RpcError::Method(method) => wrong(format!("there is no method '{method}'")),
            RpcError::Params(why) => wrong(format!("the parameters do not fit: {why}")),
            RpcError::Failed(error) => error,
        }
    }
}

/// Reads a line as a request.
pub(crate) fn parse_request(line: &str) -> Result<Request, RpcError> {
    let value: Value =
        serde_json::from_str(line).map_err(|error| RpcError::Parse(error.to_string()))?;
    if value.get("jsonrpc").and_then(Value::as_str) != Some(VERSION) {
        return Err(RpcError::Request(
            "\"jsonrpc\":\"2.0\" is missing".to_owned(),
        ));
    }
    serde_json::from_value(value).map_err(|error| RpcError::Request(error.to_string()))
}

/// A request as a line, without its end.
pub(crate) fn request(id: u64, method: &str, params: &Value) -> String {
    json!({ "jsonrpc": VERSION, "id": id, "method": method, "params": params }).to_string()
}

/// A message that wants no answer.
pub(crate) fn notification(method: &str, params: &Value) -> String {
    json!({ "jsonrpc": VERSION, "method": method, "params": params }).to_string()
}

/// The answer to the request `id`.
pub(crate) fn answer(id: &Value, result: Result<Value, RpcError>) -> String {
    match result {
        Ok(result) => json!({ "jsonrpc": VERSION, "id": id, "result": result }).to_string(),
        Err(error) => {
            let number = error.number();
            let data = error.into_client_error();
            let error = json!({ "code": number, "message": data.message, "data": data });
            json!({ "jsonrpc": VERSION, "id": id, "error": error }).to_string()
        }
    }
}

/// What a node sends, as a client reads it.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// The answer to a request; without `id` the node could not tell which.
    Answer {
        id: Option<u64>,
        result: Result<Value, ClientError>,
    },
    /// An event of a subscription.
    Event(Box<NoticeParams>),
}

/// Reads a line that a node sent.
///
/// # Errors
/// Why it is none of the two.
pub(crate) fn parse_incoming(line: &str) -> Result<Incoming, serde_json::Error> {
    #[derive(Deserialize)]
    struct Message {
        #[serde(default)]
        id: Option<u64>,
        #[serde(default)]
        result: Option<Value>,
        #[serde(default)]
        error: Option<Failed>,
        #[serde(default)]
        params: Option<NoticeParams>,
    }
    #[derive(Deserialize)]
    struct Failed {
        message: String,
        #[serde(default)]
        data: Option<ClientError>,
    }
    let message: Message = serde_json::from_str(line)?;
    if let Some(params) = message.params {
        return Ok(Incoming::Event(Box::new(params)));
    }
    let result = match message.error {
        Some(Failed { message, data }) => {
            Err(data.unwrap_or_else(|| ClientError::new(Code::Unexpected, message)))
        }
        None => Ok(message.result.unwrap_or_default()),
    };
    Ok(Incoming::Answer {
        id: message.id,
        result,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_request_reads_back() {
        let line = request(
            7,
            method::POST,
            &json!({ "topic": "lobby", "text": "a\nb" }),
        );
        assert!(!line.contains('\n'), "one message is one line");
        let read = parse_request(&line).expect("a request");
        assert_eq!(read.id, Some(json!(7)));
        assert_eq!(read.method, "post");
        assert_eq!(read.params["text"], "a\nb");
    }

    #[test]
    fn an_error_keeps_its_code_causes_and_hint() {
        let mut error = ClientError::new(Code::DiskFull, "the disk is full").hint("make room");
        error.details.push("os error 28".to_owned());
        let line = answer(&json!(3), Err(RpcError::Failed(error.clone())));
        match parse_incoming(&line).expect("an answer") {
            Incoming::Answer { id, result } => {
                assert_eq!(id, Some(3));
                assert_eq!(result, Err(error));
            }
            other => panic!("expected an answer, got {other:?}"),
        }
    }

    #[test]
    fn a_code_of_a_newer_version_is_unexpected() {
        let line = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"m","data":{"code":"brand_new","message":"m"}}}"#;
        let Ok(Incoming::Answer {
            result: Err(error), ..
        }) = parse_incoming(line)
        else {
            panic!("expected an error");
        };
        assert_eq!(error.code, Code::Unexpected);
    }

    #[test]
    fn what_is_no_request_is_refused_with_its_number() {
        let number = |line: &str| {
            parse_request(line)
                .map(drop)
                .map_err(|error| error.number())
        };
        assert_eq!(number("{"), Err(-32_700));
        assert_eq!(number("[]"), Err(-32_600));
        assert_eq!(number(r#"{"jsonrpc":"1.0","method":"x"}"#), Err(-32_600));
        assert_eq!(number(r#"{"jsonrpc":"2.0"}"#), Err(-32_600));
        assert_eq!(number(r#"{"jsonrpc":"2.0","method":"x"}"#), Ok(()));
    }

    proptest! {
        #[test]
        fn parser_requests_and_answers_never_panic(line in ".*") {
            // Whether it is one does not matter, only that the question has an answer.
            prop_assert!(parse_request(&line).is_ok() || parse_request(&line).is_err());
            prop_assert!(parse_incoming(&line).is_ok() || parse_incoming(&line).is_err());
        }
    }
}
