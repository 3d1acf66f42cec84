//! From the name of a method to the call of the client, and back to JSON.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::message::{
    AuthorParams, JoinParams, MarkReadParams, MaybeTopicParams, PostParams, RpcError, TopicParams,
    method,
};
use crate::client::{Client, ClientError, FindQuery, ReadQuery};

/// Calls a method that is answered at once.
pub(super) async fn call(client: &Client, name: &str, params: Value) -> Result<Value, RpcError> {
    match name {
        method::TOPIC_JOIN => {
            let JoinParams { topic } = parsed(params)?;
            answered(client.join(&topic).await)
        }
        method::TOPIC_LEAVE => {
            let TopicParams { topic } = parsed(params)?;
            answered(client.leave(&topic).await)
        }
        method::TOPIC_LIST => answered(client.topics().await),
        method::TOPIC_SHOW => {
            let TopicParams { topic } = parsed(params)?;
            answered(client.topic(&topic).await)
        }
        method::POST => {
            let PostParams { topic, text } = parsed(params)?;
            answered(client.post(&topic, &text).await)
        }
        method::READ => {
            let query: ReadQuery = parsed(params)?;
            answered(client.read(&query).await)
        }
        method::SEARCH => {
            let query: FindQuery = parsed(params)?;
            answered(client.search(&query).await)
        }
        method::MARK_READ => {
            let MarkReadParams { topic, up_to } = parsed(params)?;
            answered(client.mark_read(topic, up_to).await)
        }
        method::MUTE => {
            let AuthorParams { author } = parsed(params)?;
            answered(client.mute(author).await)
        }
        method::UNMUTE => {
            let AuthorParams { author } = parsed(params)?;
            answered(client.unmute(author).await)
        }
        method::MUTED => answered(client.muted().await),
        method::PEERS => {
            let MaybeTopicParams { topic } = parsed(params)?;
            answered(client.peers_of(topic.as_ref()).await)
        }
        method::EXPLAIN => {
            let TopicParams { topic } = parsed(params)?;
            answered(client.explain(&topic).await)
        }
        method::STATUS => answered(client.status().await),
        other => Err(RpcError::Method(other.to_owned())),
    }
}

pub(super) fn parsed<T: DeserializeOwned>(params: Value) -> Result<T, RpcError> {
    serde_json::from_value(params).map_err(|error| RpcError::Params(error.to_string()))
}

fn answered<T: Serialize>(result: Result<T, ClientError>) -> Result<Value, RpcError> {
    let result = result.map_err(RpcError::Failed)?;
    Ok(json!(result))
}
