//! Owns the one queue of the process that every put of a record waits in: at most so many per
//! minute and topic, one at a time per topic (the slot's key is shared, a second put beside the
//! first would only conflict), few at a time in all, and topics take turns.
//!
//! It must never let a busy topic delay a quiet one by more than one round.
//!
//! [`State`] is the rule, pure and with `now` as an argument; the actor around it only keeps time.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// A topic's id, as the tracker knows it.
type Topic = [u8; 32];

/// The length of the window that a rate is counted over.
const WINDOW: Duration = Duration::from_secs(60);
/// Puts that run at the same time over all topics: each sends about 40 datagrams.
const RUNNING_MAX: usize = 4;
/// Requests and releases on their way to the actor; senders wait.
const COMMAND_CAPACITY: usize = 64;

/// How many puts a topic may make per minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PutRate {
    /// `discovery.dht.rate_limit_per_min`; 0 counts as 1.
    pub per_minute: u32,
}

impl Default for PutRate {
    fn default() -> Self {
        Self { per_minute: 10 }
    }
}

/// Why a put may not even wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PutQueueError {
    /// The topic's rate leaves no room within the time that the asker would wait.
    #[error("the rate limit of this topic leaves no room for {} s", .retry_after.as_secs())]
    RateLimited {
        /// When there may be room again.
        retry_after: Duration,
    },
    /// The queue was shut down.
    #[error("the publishing queue is closed")]
    Closed,
}

type Reply = oneshot::Sender<Result<Permit, PutQueueError>>;

/// Leave to put once; give it back by dropping it.
#[derive(Debug)]
pub(crate) struct Permit {
    topic: Topic,
    done: mpsc::UnboundedSender<Topic>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        // The actor may have ended, then nobody counts any more.
        let _ = self.done.send(self.topic);
    }
}

#[derive(Debug)]
struct Request {
    topic: Topic,
    patience: Duration,
    reply: Reply,
}

/// Handle to the queue.
#[derive(Debug)]
pub(crate) struct PutQueue {
    requests: mpsc::Sender<Request>,
    _tasks: JoinSet<()>,
}

impl PutQueue {
    pub(crate) fn start(rate: PutRate, shutdown: &CancellationToken) -> Self {
        let (requests, receiver) = mpsc::channel(COMMAND_CAPACITY);
        let token = shutdown.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            // `None` means cancelled, which is how the actor ends.
            token.run_until_cancelled(run(rate, receiver)).await;
        });
        Self {
            requests,
            _tasks: tasks,
        }
    }

    /// Waits for the turn of `topic`, unless its rate alone would make that longer than
    /// `patience`. Dropping the future gives the place in the queue up.
    pub(crate) async fn permit(
        &self,
        topic: Topic,
        patience: Duration,
    ) -> Result<Permit, PutQueueError> {
        let (reply, answer) = oneshot::channel();
        self.requests
            .send(Request {
                topic,
                patience,
                reply,
            })
            .await
            .map_err(|_| PutQueueError::Closed)?;
        answer.await.map_err(|_| PutQueueError::Closed)?
    }
}

async fn run(rate: PutRate, mut requests: mpsc::Receiver<Request>) {
    // Unbounded, since a permit is dropped where nothing can wait; it holds at most RUNNING_MAX.
    let (done, mut finished) = mpsc::unbounded_channel();
    let mut state = State::new(rate);
    loop {
        let now = Instant::now();
        while let Some((topic, reply)) = state.next(now) {
            let permit = Permit {
                topic,
                done: done.clone(),
            };
            // Who gave up waiting drops the answer, and with it the permit, which comes back.
            let _ = reply.send(Ok(permit));
        }
        let wake = state.wake();
        tokio::select! {
            request = requests.recv() => match request {
                Some(request) => {
                    let wait = state.wait(&request.topic, Instant::now());
                    if wait > request.patience {
                        let refusal = PutQueueError::RateLimited { retry_after: wait };
                        // Nobody waits for the refusal if the asker is gone.
                        let _ = request.reply.send(Err(refusal));
                    } else {
                        state.push(request.topic, request.reply);
                    }
                }
                None => return,
            },
            Some(topic) = finished.recv() => state.finish(&topic),
            () = async { match wake { Some(at) => sleep_until(at).await, None => std::future::pending().await } } => {}
        }
    }
}

#[derive(Debug, Default)]
struct Line {
    waiting: VecDeque<Reply>,
    /// When this topic's puts of the last window began.
    begun: VecDeque<Instant>,
    running: bool,
}

/// Who may put next.
#[derive(Debug)]
struct State {
    per_minute: usize,
    lines: HashMap<Topic, Line>,
    /// Topics in the order of their turns; each once.
    turns: VecDeque<Topic>,
    running: usize,
}

impl State {
    fn new(rate: PutRate) -> Self {
        Self {
            per_minute: rate.per_minute.max(1) as usize,
            lines: HashMap::new(),
            turns: VecDeque::new(),
            running: 0,
        }
    }

    fn push(&mut self, topic: Topic, reply: Reply) {
        let line = self.lines.entry(topic).or_insert_with(|| {
            self.turns.push_back(topic);
            Line::default()
        });
        line.waiting.push_back(reply);
    }

    /// How long the rate of `topic` alone would make one more put wait. It also bounds the line:
    /// nobody waits behind a whole window of others.
    fn wait(&mut self, topic: &Topic, now: Instant) -> Duration {
        self.forget_idle(now);
        let Some(line) = self.lines.get_mut(topic) else {
            return Duration::ZERO;
        };
        line.waiting.retain(|reply| !reply.is_closed());
        let ahead = line.begun.len() + line.waiting.len();
        let Some(must_leave) = ahead.checked_sub(self.per_minute) else {
            return Duration::ZERO;
        };
        line.begun
            .get(must_leave)
            .map_or(WINDOW, |begun| (*begun + WINDOW).duration_since(now))
    }

    fn finish(&mut self, topic: &Topic) {
        self.running = self.running.saturating_sub(1);
        if let Some(line) = self.lines.get_mut(topic) {
            line.running = false;
        }
    }

    /// The next put that may begin now, if there is one; it counts as begun.
    fn next(&mut self, now: Instant) -> Option<(Topic, Reply)> {
        self.forget_idle(now);
        if self.running >= RUNNING_MAX {
            return None;
        }
        for turn in 0..self.turns.len() {
            let topic = self.turns[turn];
            let Some(line) = self.lines.get_mut(&topic) else {
                continue;
            };
            if line.running || line.begun.len() >= self.per_minute {
                continue;
            }
            while let Some(reply) = line.waiting.pop_front() {
                if reply.is_closed() {
                    continue;
                }
                line.running = true;
                line.begun.push_back(now);
                self.running += 1;
                self.turns.remove(turn);
                self.turns.push_back(topic);
                return Some((topic, reply));
            }
        }
        None
    }

    /// When a put that only waits for its rate may begin.
    fn wake(&self) -> Option<Instant> {
        self.lines
            .values()
            .filter(|line| {
                !line.running && !line.waiting.is_empty() && line.begun.len() >= self.per_minute
            })
            .filter_map(|line| line.begun.front())
            .map(|begun| *begun + WINDOW)
            .min()
    }

    /// Forgets puts older than the window, and topics of which nothing is left.
    fn forget_idle(&mut self, now: Instant) {
        for line in self.lines.values_mut() {
            while line
                .begun
                .front()
                .is_some_and(|begun| *begun + WINDOW <= now)
            {
                line.begun.pop_front();
            }
        }
        self.lines
            .retain(|_, line| line.running || !line.waiting.is_empty() || !line.begun.is_empty());
        let lines = &self.lines;
        self.turns.retain(|topic| lines.contains_key(topic));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const A: Topic = [1; 32];
    const B: Topic = [2; 32];
    const PATIENT: Duration = Duration::from_secs(600);

    fn queue(per_minute: u32) -> Arc<PutQueue> {
        Arc::new(PutQueue::start(
            PutRate { per_minute },
            &CancellationToken::new(),
        ))
    }

    #[tokio::test(start_paused = true)]
    async fn ten_a_minute_then_the_window_decides() {
        let queue = queue(10);
        let started = Instant::now();
        for put in 0..10 {
            queue.permit(A, PATIENT).await.expect("open");
            assert_eq!(
                started.elapsed(),
                Duration::ZERO,
                "put {put} is within the rate"
            );
        }
        queue.permit(A, PATIENT).await.expect("open");
        assert!(started.elapsed() >= WINDOW, "{:?}", started.elapsed());
        assert!(started.elapsed() < WINDOW + Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn no_window_of_a_minute_ever_holds_more_than_the_rate() {
        let queue = queue(3);
        let mut begun = Vec::new();
        for pause_s in [0, 20, 20, 0, 0, 50, 0, 0, 0, 70, 0, 0] {
            tokio::time::advance(Duration::from_secs(pause_s)).await;
            queue.permit(A, PATIENT).await.expect("open");
            begun.push(Instant::now());
        }
        for window in begun.windows(4) {
            assert!(window[3] - window[0] >= WINDOW, "four puts in {window:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_topic_at_its_limit_does_not_delay_another() {
        let queue = queue(1);
        drop(queue.permit(A, PATIENT).await.expect("open"));
        let mut tasks = JoinSet::new();
        let waiting = Arc::clone(&queue);
        tasks.spawn(async move { waiting.permit(A, PATIENT).await.map(drop) });
        tokio::task::yield_now().await;
        let started = Instant::now();
        queue.permit(B, PATIENT).await.expect("open");
        assert_eq!(started.elapsed(), Duration::ZERO);
        assert_eq!(
            tasks.join_next().await.expect("one").expect("no panic"),
            Ok(())
        );
        assert!(started.elapsed() >= WINDOW - Duration::from_secs(1));
    }

    #[test]
    fn topics_take_turns_and_share_few_places() {
        let now = Instant::now();
        let mut state = State::new(PutRate::default());
        let mut answers = Vec::new();
        for topic in [A, A, A, B, [3; 32], [4; 32], [5; 32]] {
            let (reply, answer) = oneshot::channel();
            answers.push(answer);
            state.push(topic, reply);
        }
        let mut begun = Vec::new();
        while let Some((topic, _reply)) = state.next(now) {
            begun.push(topic[0]);
        }
        assert_eq!(begun, [1, 2, 3, 4], "one per topic, four in all");
        state.finish(&A);
        let (topic, _reply) = state.next(now).expect("a free place");
        assert_eq!(topic[0], 5, "the one that has not had its turn");
        assert!(state.next(now).is_none(), "all places are taken again");
        state.finish(&B);
        let (topic, _reply) = state.next(now).expect("a free place");
        assert_eq!(topic[0], 1, "the next of the busy topic");
    }

    #[tokio::test(start_paused = true)]
    async fn the_impatient_hear_at_once_when_there_is_room_again() {
        let queue = queue(2);
        drop(queue.permit(A, PATIENT).await.expect("open"));
        tokio::time::advance(Duration::from_secs(20)).await;
        drop(queue.permit(A, PATIENT).await.expect("open"));
        let started = Instant::now();
        let refused = queue.permit(A, Duration::from_secs(5)).await.map(drop);
        let retry_after = Duration::from_secs(40);
        assert_eq!(refused, Err(PutQueueError::RateLimited { retry_after }));
        assert_eq!(started.elapsed(), Duration::ZERO, "said at once");
        tokio::time::advance(retry_after).await;
        drop(
            queue
                .permit(A, Duration::ZERO)
                .await
                .expect("the time that was promised"),
        );
    }

    #[test]
    fn those_who_left_make_room_and_nothing_is_kept() {
        let now = Instant::now();
        let mut state = State::new(PutRate { per_minute: 3 });
        let mut answers = Vec::new();
        for _ in 0..3 {
            let (reply, answer) = oneshot::channel();
            state.push(A, reply);
            answers.push(answer);
        }
        assert_eq!(
            state.wait(&A, now),
            WINDOW,
            "behind a whole window of others"
        );
        answers.clear();
        assert_eq!(state.wait(&A, now), Duration::ZERO, "room again");
        let (reply, _answer) = oneshot::channel();
        state.push(A, reply);
        assert!(state.next(now).is_some());
        state.finish(&A);
        assert!(state.next(now).is_none());
        assert!(state.next(now + WINDOW).is_none());
        assert!(
            state.lines.is_empty() && state.turns.is_empty(),
            "nothing is kept"
        );
    }
}
