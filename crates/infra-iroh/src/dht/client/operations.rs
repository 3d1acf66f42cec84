//! Owns get and put on the connected node.
//!
//! A lookup must never wait for more than its next value, and no operation may outlive its
//! deadline.

use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{BoxFuture, FutureExt, ready};
use n0_mainline::errors::{PutMutableError, PutQueryError};
use n0_mainline::{Dht, GetStream, MutableItem};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout_at};

use super::supervisor::Command;
use super::{Connected, DhtClient, DhtError};

/// The DHT crate notices that a node is dead (after 500 ms) only when something wakes it, at the
/// latest once per second. While an operation of ours runs, we wake it this often, so that a put
/// in a network with dead nodes takes 0.5 s and not up to 1.5 s.
const NUDGE_PERIOD: Duration = Duration::from_millis(50);

impl DhtClient {
    /// Looks for the values of the mutable item of `key` and `salt`, for up to `timeout` from
    /// now, the wait for a connected client included.
    pub(crate) async fn get(
        &self,
        key: &[u8; 32],
        salt: Option<&[u8]>,
        timeout: Duration,
    ) -> Result<Values, DhtError> {
        let deadline = Instant::now() + timeout;
        let connected = self.connected(deadline).await?;
        let stream = connected
            .dht
            .get_mutable(key, salt, None)
            .await
            .map_err(|_actor_gone| DhtError::Closed)?;
        // A second question about the same target joins the lookup that is running, costs no
        // datagram, and tells at its end whether anybody answered at all.
        let target = MutableItem::target_from_key(key, salt);
        let dht = connected.dht.clone();
        let answered = async move {
            dht.get_closest_nodes(target)
                .await
                .is_ok_and(|nodes| !nodes.is_empty())
        };
        let mut answered = answered.boxed();
        // Polled once, so that the question is on its way before the lookup can be over.
        if let Some(known) = (&mut answered).now_or_never() {
            answered = ready(known).boxed();
        }
        Ok(Values {
            client: self.clone(),
            connected,
            stream,
            answered,
            any: false,
            over: false,
            deadline,
            timeout,
        })
    }

    /// Stores a mutable item at the nodes nearest to it; done when at least one has it and all
    /// have answered or been given up.
    pub(crate) async fn put(&self, item: MutableItem, timeout: Duration) -> Result<(), DhtError> {
        let deadline = Instant::now() + timeout;
        let connected = self.connected(deadline).await?;
        let outcome = {
            let mut putting = pin!(connected.dht.put_mutable(item, None));
            tokio::select! {
                biased;
                result = &mut putting => result.map(drop).map_err(put_error),
                () = nudge(&connected.dht) => Err(DhtError::Closed),
                () = sleep_until(deadline) => Err(DhtError::TimedOut(timeout)),
            }
        };
        if matches!(outcome, Err(DhtError::NoNodes)) {
            self.command(Command::Unanswered(connected.generation));
        }
        outcome
    }
}

fn put_error(error: PutMutableError) -> DhtError {
    match error {
        PutMutableError::Concurrency(_) => DhtError::Conflict,
        // A put that no node answers lost all nodes between the lookup and the store.
        PutMutableError::Query(PutQueryError::NoClosestNodes | PutQueryError::Timeout) => {
            DhtError::NoNodes
        }
        PutMutableError::Query(PutQueryError::Shutdown) => DhtError::Closed,
        PutMutableError::Query(other) => DhtError::Refused(other.to_string()),
    }
}

/// Wakes the node again and again; ends only if it is gone.
async fn nudge(dht: &Dht) {
    let mut ticks = interval_at(Instant::now() + NUDGE_PERIOD, NUDGE_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if dht.info().await.is_err() {
            return;
        }
    }
}

/// The values of one lookup in the order of their arrival, one per DHT node that has any. Their
/// signatures are checked by the DHT crate.
pub(crate) struct Values {
    client: DhtClient,
    connected: Connected,
    stream: GetStream<MutableItem>,
    /// Whether any node near the target answered; known when the lookup is over.
    answered: BoxFuture<'static, bool>,
    any: bool,
    over: bool,
    deadline: Instant,
    timeout: Duration,
}

impl Values {
    /// The next value; `None` when the lookup is over. A lookup that nobody answered ends with
    /// [`DhtError::NoNodes`], one that was cut short before its first value with
    /// [`DhtError::TimedOut`]; an empty place is no error.
    ///
    /// Cancel safe: a value is taken from the lookup only when it is returned.
    pub(crate) async fn next(&mut self) -> Option<Result<MutableItem, DhtError>> {
        if self.over {
            return None;
        }
        let item = tokio::select! {
            biased;
            item = self.stream.next() => item,
            () = nudge(&self.connected.dht) => None,
            () = sleep_until(self.deadline) => {
                self.over = true;
                return (!self.any).then_some(Err(DhtError::TimedOut(self.timeout)));
            }
        };
        if let Some(item) = item {
            self.any = true;
            return Some(Ok(item));
        }
        self.over = true;
        // Known by now, but for a lookup that was over before it was asked: not worth the wait.
        if timeout_at(self.deadline, &mut self.answered)
            .await
            .unwrap_or(true)
        {
            return None;
        }
        let generation = self.connected.generation;
        self.client.command(Command::Unanswered(generation));
        Some(Err(DhtError::NoNodes))
    }
}
