//! From the name of a method to the call of the client, and back to JSON.

use kukuri_domain::event;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::message::{
    AuthorParams, EntryHistoryParams, EntryParams, EventParams, EventsParams, FindPostParams,
    JoinParams, MarkReadParams, MaybeTopicParams, PostParams, ReactParams, RpcError, TopicParams,
    WriteEntriesParams, method,
};
use crate::client::{Client, ClientError, EntryQuery, FindQuery, ReadQuery};

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
            let post: PostParams = parsed(params)?;
            answered(match post.reply_to {
                None => client.post(post.topic, &post.text).await,
                Some(to) => client.reply(post.topic, to, &post.text).await,
            })
        }
        method::REACT => {
            let ReactParams { topic, id, content } = parsed(params)?;
            answered(client.react(topic, id, &content).await)
        }
        method::DELETE => {
            let EventParams { topic, id } = parsed(params)?;
            answered(client.delete(topic, id).await)
        }
        method::THREAD => {
            let EventParams { topic, id } = parsed(params)?;
            answered(client.thread(topic, id).await)
        }
        method::POSTS => {
            let EventsParams { topic, ids } = parsed(params)?;
            answered(client.posts(topic, ids).await)
        }
        method::FIND_POST => {
            let FindPostParams { topic, id } = parsed(params)?;
            answered(client.find_post(topic, id).await)
        }
        method::PROFILE => {
            let AuthorParams { author } = parsed(params)?;
            answered(client.profile_of(author).await)
        }
        method::SET_PROFILE => {
            let told: event::Profile = parsed(params)?;
            let about = told.about.as_deref();
            answered(client.set_profile(&told.name, about).await)
        }
        method::LOOK_AGAIN => answered(client.look_again().await),
        method::READ => {
            let query: ReadQuery = parsed(params)?;
            answered(client.read(&query).await)
        }
        method::SEARCH => {
            let query: FindQuery = parsed(params)?;
            answered(client.search(&query).await)
        }
        method::KV_WRITE => {
            let WriteEntriesParams { topic, writes } = parsed(params)?;
            answered(client.write_entries(topic, writes).await)
        }
        method::KV_GET => {
            let EntryParams { topic, key } = parsed(params)?;
            answered(client.entry(topic, key).await)
        }
        method::KV_LIST => {
            let query: EntryQuery = parsed(params)?;
            answered(client.entries(&query).await)
        }
        method::KV_HISTORY => {
            let EntryHistoryParams { topic, key, limit } = parsed(params)?;
            answered(client.entry_history(topic, key, limit).await)
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
