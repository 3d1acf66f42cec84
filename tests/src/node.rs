//! Whole nodes in this process: identity, database file, endpoint, every source that is asked for.
//!
//! Owns the wiring of a node with the real adapters, as the binaries do it, but with any source
//! replaced by one that a test chose. Must never listen beyond loopback unless told to, ask a
//! router for a port, or touch a profile of the user's: homes are temporary.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow};
use futures_util::StreamExt as _;
use iroh::address_lookup::AddressLookup;
use kukuri_application::{
    discovery::{self, ConfiguredPeersSource, KnownPeersSource},
    engine::{self, Ports, Posted},
    keys::open_or_create_keys,
    ports::{
        Clock, EventStore, PeerContact, PeerSource, SecretBytes, SecretName, SecretVault as _,
        TopicBook as _, TopicNetwork as _,
    },
    session::Counters,
    views::{ExplainView, PeerView, PostView, TopicEvent},
};
use kukuri_domain::{
    EventId, PeerId, TopicKeys, TopicName,
    peer::{PeerSpec, SourceKind},
};
use kukuri_infra_db::{Database, OpenOptions};
use kukuri_infra_iroh::{
    Network, NetworkConfig,
    dht::{
        AddressLookupConfig, DhtAddressLookup, DhtClient, DhtConfig, DhtSource, PublishedAddresses,
        SlotTracker, TrackerPolicy,
    },
    testnet::PrivateDht,
};
use kukuri_infra_keyring::{LocalIdentity, MemoryVault};
use kukuri_node::{
    Client, Node, Parts, TopicEvents,
    client::{Before, EntryQuery, PAGE_ENTRIES_MAX, PAGE_POSTS_MAX, ReadQuery},
    platform::SystemClock,
};
use tempfile::TempDir;
use tokio::time::{sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

/// How often a condition is looked at that no event announces.
const POLL: Duration = Duration::from_millis(20);

/// What outlives a node: its folder and its keys. Starting a node with the profile of a stopped
/// one is a restart.
#[derive(Debug, Clone)]
pub struct Profile {
    home: Home,
    vault: Arc<MemoryVault>,
}

#[derive(Debug, Clone)]
enum Home {
    /// It goes with its last user.
    Temporary(Arc<TempDir>),
    /// Somebody else's.
    Kept(PathBuf),
}

impl Profile {
    /// A new, empty one; the folder goes with the last clone.
    ///
    /// # Errors
    /// When the temporary folder cannot be made.
    pub fn new() -> anyhow::Result<Self> {
        let home = tempfile::Builder::new().prefix("kukuri-test-").tempdir()?;
        Ok(Self {
            home: Home::Temporary(Arc::new(home)),
            vault: Arc::new(MemoryVault::throw_away()),
        })
    }

    /// The one in a folder, which stays. Its keys follow from `seed`, so that another process is
    /// the same node.
    ///
    /// # Errors
    /// When the keys cannot be put into their vault.
    pub async fn at(home: &Path, seed: u8) -> anyhow::Result<Self> {
        let vault = MemoryVault::throw_away();
        for (name, secret) in [
            (SecretName::Root, SecretBytes::new([seed; 32])),
            (SecretName::Identity, SecretBytes::new([seed ^ 0x55; 32])),
        ] {
            vault.create(name, secret).await?;
        }
        Ok(Self {
            home: Home::Kept(home.to_owned()),
            vault: Arc::new(vault),
        })
    }

    /// Its folder.
    pub fn home(&self) -> &Path {
        match &self.home {
            Home::Temporary(folder) => folder.path(),
            Home::Kept(folder) => folder,
        }
    }
}

/// What a node is made of.
#[derive(Clone)]
pub struct NodeOptions {
    /// A fresh one where there is none.
    pub profile: Option<Profile>,
    /// Loopback only, without mDNS, where nothing else is said.
    pub network: NetworkConfig,
    /// From where the DHT is reached; no DHT where there is none.
    pub dht: Option<DhtConfig>,
    /// Whether the peers in the database are tried.
    pub known_peers: bool,
    /// Peers that are dialled at once.
    pub manual: Vec<PeerSpec>,
    /// Peers that are dialled when nothing else helped.
    pub bootstrap: Vec<PeerSpec>,
    /// Sources that stand in for the real ones of the same kind.
    pub stand_ins: Vec<Arc<dyn PeerSource>>,
    /// Ceiling of each topic, in bytes; `None` for no opinion.
    pub topic_bytes_max: Option<u64>,
    /// Timing of discovery; its list of sources is ignored, as what is wired decides.
    pub discovery: discovery::Settings,
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self {
            profile: None,
            network: NetworkConfig::loopback(),
            dht: None,
            known_peers: false,
            manual: Vec::new(),
            bootstrap: Vec::new(),
            stand_ins: Vec::new(),
            topic_bytes_max: None,
            discovery: discovery::Settings::default(),
        }
    }
}

impl NodeOptions {
    /// A node that knows nothing but a private DHT.
    pub fn on(dht: &PrivateDht) -> Self {
        Self {
            dht: Some(dht_config(&dht.bootstrap())),
            ..Self::default()
        }
    }

    /// A node that knows nothing but these peers.
    pub fn with_manual(peers: Vec<PeerSpec>) -> Self {
        Self {
            manual: peers,
            ..Self::default()
        }
    }
}

/// A client of the DHT whose bootstrap nodes are at `bootstrap`.
pub fn dht_config(bootstrap: &[String]) -> DhtConfig {
    DhtConfig {
        bootstrap: bootstrap.to_vec(),
        known_nodes: Vec::new(),
    }
}

/// A running node.
pub struct TestNode {
    client: Client,
    node: Option<Node>,
    /// The adapter, for what the port does not show.
    pub network: Network,
    /// The adapter, for what the port does not show.
    pub database: Arc<Database>,
    /// The client of the DHT, where there is one.
    pub dht: Option<DhtClient>,
    addresses: Option<(iroh::EndpointId, DhtAddressLookup)>,
    profile: Profile,
    stop: CancellationToken,
}

impl TestNode {
    /// Starts a node without topics.
    ///
    /// # Errors
    /// When a part cannot be started.
    pub async fn start(options: NodeOptions) -> anyhow::Result<Self> {
        crate::trace::to_stderr();
        let profile = match options.profile {
            Some(profile) => profile,
            None => Profile::new()?,
        };
        let stop = CancellationToken::new();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let path = profile.home().join("kukuri.db");
        let open = OpenOptions {
            read_only: false,
            topic_bytes_max: options.topic_bytes_max,
        };
        let database = Database::open(&path, open, clock.clone()).await?;
        let database = Arc::new(database);
        // A profile's vault and folder are made together, so an empty vault is a new profile.
        let keys = open_or_create_keys(profile.vault.as_ref(), true).await?;
        let identity = Arc::new(LocalIdentity::from_secret(&keys.identity_secret)?);
        let secret = iroh::SecretKey::from_bytes(keys.endpoint_key.expose());

        let dht = options.dht.map(|config| DhtClient::start(config, &stop));
        let mut addresses = None;
        let mut lookups: Vec<Box<dyn AddressLookup>> = Vec::new();
        let mut sources: Vec<Arc<dyn PeerSource>> = Vec::new();
        if let Some(dht) = &dht {
            let config = AddressLookupConfig {
                published: PublishedAddresses::Direct,
                ..AddressLookupConfig::default()
            };
            let lookup = DhtAddressLookup::new(dht.clone(), secret.clone(), config, &stop);
            addresses = Some((secret.public(), lookup.clone()));
            lookups.push(Box::new(lookup));
            let tracker = SlotTracker::new(dht.clone(), secret, TrackerPolicy::default(), &stop);
            sources.push(Arc::new(DhtSource::new(tracker)));
        }
        let has_mdns = options.network.mdns_enabled;
        let started = Network::start(
            keys.endpoint_key.expose(),
            options.network,
            lookups,
            clock.clone(),
        );
        let network = started.await?;
        if let Some(dht) = &dht {
            network.follow(dht.clone());
        }
        if has_mdns {
            sources.push(Arc::new(network.mdns_source()));
        }
        if options.known_peers {
            sources.push(Arc::new(KnownPeersSource::new(database.clone())));
        }
        if !options.manual.is_empty() {
            sources.push(Arc::new(ConfiguredPeersSource::manual(options.manual)));
        }
        if !options.bootstrap.is_empty() {
            sources.push(Arc::new(ConfiguredPeersSource::bootstrap(
                options.bootstrap,
            )));
        }
        for stand_in in options.stand_ins {
            sources.retain(|source| source.kind() != stand_in.kind());
            sources.push(stand_in);
        }

        let kinds = sources.iter().map(|source| source.kind()).collect();
        let node = Node::start(Parts {
            ports: Ports {
                store: database.clone(),
                book: database.clone(),
                network: Arc::new(network.clone()),
                sources,
                identity,
                clock,
            },
            settings: engine::Settings {
                discovery: discovery::Settings {
                    sources: kinds,
                    ..options.discovery
                },
                seed: None,
            },
            key_store: profile.vault.kind(),
            profile: "test".to_owned(),
            home: profile.home().display().to_string(),
            version: "test",
            lock: None,
        });
        Ok(Self {
            client: node.client(),
            node: Some(node),
            network,
            database,
            dht,
            addresses,
            profile,
            stop,
        })
    }

    /// What commands use.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The endpoint.
    pub fn peer_id(&self) -> PeerId {
        self.client.peer_id()
    }

    /// Its folder and keys, to start it again.
    pub fn profile(&self) -> Profile {
        self.profile.clone()
    }

    /// The endpoint with its addresses, for another node's configuration.
    pub async fn spec(&self) -> PeerSpec {
        PeerSpec {
            peer: self.peer_id(),
            addresses: self.network.status().await.addresses,
        }
    }

    /// Joins a topic and begins to look for members.
    ///
    /// # Errors
    /// When the topic cannot be joined.
    pub async fn join(&self, topic: &TopicName) -> anyhow::Result<()> {
        self.client.join(topic).await?;
        Ok(())
    }

    /// Joins a topic and waits for the first neighbour. Returns what that took.
    ///
    /// # Errors
    /// When nobody is a neighbour after `limit`; `explain` is in the error.
    pub async fn join_and_meet(
        &self,
        topic: &TopicName,
        limit: Duration,
    ) -> anyhow::Result<Duration> {
        let started = Instant::now();
        self.join(topic).await?;
        self.wait_for_neighbours(topic, 1, limit).await?;
        Ok(started.elapsed())
    }

    /// Waits until at least `least` peers are neighbours.
    ///
    /// # Errors
    /// When they are not after `limit`; `explain` is in the error.
    pub async fn wait_for_neighbours(
        &self,
        topic: &TopicName,
        least: usize,
        limit: Duration,
    ) -> anyhow::Result<Vec<PeerView>> {
        let mut events = self.client.subscribe(topic).await?;
        let enough = async {
            loop {
                let peers = self.client.peers(topic).await?;
                if peers.len() >= least {
                    return anyhow::Ok(peers);
                }
                next_where(&mut events, |event| {
                    matches!(event, TopicEvent::PeerJoined { .. })
                })
                .await?;
            }
        };
        match timeout(limit, enough).await {
            Ok(peers) => peers,
            Err(_) => Err(anyhow!(
                "fewer than {least} neighbours after {limit:?}\n{}",
                self.story(topic).await
            )),
        }
    }

    /// Signs, stores and sends a post.
    ///
    /// # Errors
    /// When it was not stored.
    pub async fn post(&self, topic: &TopicName, text: &str) -> anyhow::Result<Posted> {
        let post = self.client.post(topic, text).await?;
        Ok(Posted {
            id: post.event.id(),
            event: post.event,
            state: post.state,
        })
    }

    /// Waits until an event is in the store.
    ///
    /// # Errors
    /// When it is not after `limit`.
    pub async fn wait_for_event(
        &self,
        topic: &TopicName,
        id: EventId,
        limit: Duration,
    ) -> anyhow::Result<()> {
        let has_it = || async { Ok(self.ids(topic).await?.contains(&id).then_some(())) };
        eventually(limit, has_it)
            .await
            .with_context(|| format!("{id:?} did not reach {:?}", self.peer_id()))
    }

    /// All stored posts, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn posts(&self, topic: &TopicName) -> anyhow::Result<Vec<PostView>> {
        let mut all: Vec<PostView> = Vec::new();
        loop {
            let query = ReadQuery {
                before: all.last().map(|post| Before::Event(post.event.id())),
                ..ReadQuery::newest(topic, PAGE_POSTS_MAX)
            };
            let page = self.client.read(&query).await?.posts;
            let is_last = page.len() < PAGE_POSTS_MAX as usize;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// The ids of all stored posts.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn ids(&self, topic: &TopicName) -> anyhow::Result<Vec<EventId>> {
        Ok(self
            .posts(topic)
            .await?
            .iter()
            .map(|post| post.event.id())
            .collect())
    }

    /// How many entries a topic has, and a hash of their keys and revisions.
    ///
    /// # Errors
    /// When the topic is not joined or the database fails.
    pub async fn entries_state(&self, topic: &TopicName) -> anyhow::Result<(usize, String)> {
        let mut query = EntryQuery {
            topic: topic.clone().into(),
            prefix: String::new(),
            after: None,
            limit: PAGE_ENTRIES_MAX,
        };
        let (mut count, mut hasher) = (0, blake3::Hasher::new());
        loop {
            let page = self.client().entries(&query).await?;
            for entry in &page.entries {
                count += 1;
                hasher.update(entry.key.as_str().as_bytes());
                hasher.update(&entry.revision.0);
            }
            query.after = page.next;
            if query.after.is_none() {
                return Ok((count, hasher.finalize().to_hex().to_string()));
            }
        }
    }

    /// What the topic's session counted.
    ///
    /// # Errors
    /// When the topic is not joined.
    pub async fn counters(&self, topic: &TopicName) -> anyhow::Result<Counters> {
        let status = self.client.status().await?;
        let view = status.topics.into_iter().find(|view| view.name == *topic);
        Ok(view.context("the topic is not joined")?.counters)
    }

    /// Waits until what the session counted satisfies a condition.
    ///
    /// # Errors
    /// When it does not after `limit`; the counters are in the error.
    pub async fn wait_for_counters(
        &self,
        topic: &TopicName,
        limit: Duration,
        is_enough: impl Fn(&Counters) -> bool,
    ) -> anyhow::Result<Counters> {
        let look = || async { Ok(Some(self.counters(topic).await?).filter(&is_enough)) };
        match eventually(limit, look).await {
            Ok(counters) => Ok(counters),
            Err(error) => Err(error.context(format!("counted {:?}", self.counters(topic).await?))),
        }
    }

    /// Waits until this node's record and its addresses are in the DHT, so that others can find
    /// and reach it.
    ///
    /// # Errors
    /// When it is not after `limit`; `explain` is in the error.
    pub async fn wait_until_announced(
        &self,
        topic: &TopicName,
        limit: Duration,
    ) -> anyhow::Result<()> {
        let look = || async {
            let explained = self.client.explain(topic).await?;
            let dht = explained
                .sources
                .into_iter()
                .find(|view| view.source == SourceKind::Dht);
            let is_published = dht.is_some_and(|view| view.result.contains("own record published"));
            Ok((is_published && self.has_published_addresses().await).then_some(()))
        };
        match eventually(limit, look).await {
            Ok(()) => Ok(()),
            Err(error) => Err(error.context(self.story(topic).await)),
        }
    }

    async fn has_published_addresses(&self) -> bool {
        let Some((id, lookup)) = &self.addresses else {
            return false;
        };
        let Some(mut found) = lookup.resolve(*id) else {
            return false;
        };
        found.next().await.is_some_and(|item| item.is_ok())
    }

    /// What `explain` says, as text for a failed test.
    pub async fn story(&self, topic: &TopicName) -> String {
        match self.client.explain(topic).await {
            Ok(explained) => told(&explained),
            Err(error) => format!("explain failed: {error}"),
        }
    }

    /// Notes a member as one that was met before. It is not looked at unless somebody is looked
    /// for.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn remember(&self, topic: &TopicName, member: &PeerSpec) -> anyhow::Result<()> {
        let keys = TopicKeys::public(topic.clone());
        let (contact, at) = (
            PeerContact::Reached(member.addresses.clone()),
            SystemClock::start().now().unix,
        );
        let noted = self
            .database
            .note_contact(keys.id, member.peer, contact, at);
        Ok(noted.await?)
    }

    /// Whether the store has an event, wherever it belongs.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn holds(&self, topic: &TopicName, id: EventId) -> anyhow::Result<bool> {
        let keys = TopicKeys::public(topic.clone());
        let missing = self.database.missing(keys.id, vec![id]).await?;
        Ok(missing.is_empty())
    }

    /// Stops it in order.
    ///
    /// # Errors
    /// When a part did not stop in time.
    pub async fn shutdown(mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        if let Some(node) = self.node.take() {
            node.shutdown().await?;
            // The next node of the process may be the same one again.
            self.network.closed().await;
        }
        Ok(())
    }
}

impl Drop for TestNode {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Stops nodes at the same time.
///
/// # Errors
/// The first error of any of them.
pub async fn shutdown_all(nodes: impl IntoIterator<Item = TestNode>) -> anyhow::Result<()> {
    let all = nodes.into_iter().map(TestNode::shutdown);
    futures_util::future::join_all(all)
        .await
        .into_iter()
        .collect()
}

/// What `explain` shows, as text.
pub fn told(explained: &ExplainView) -> String {
    let state = explained.state.map_or("-", |state| state.code());
    let mut text = format!("state {state}\n");
    for view in &explained.sources {
        text.push_str(&format!(
            "  {:?}: {}; {}\n",
            view.source, view.state, view.result
        ));
    }
    for attempt in &explained.attempts {
        let peer = attempt
            .peer
            .map(|peer| format!(" {}", peer.short()))
            .unwrap_or_default();
        let took = attempt
            .took_ms
            .map(|ms| format!(", took {ms} ms"))
            .unwrap_or_default();
        text.push_str(&format!(
            "  at {} ms {:?}{peer}: {}{took}: {}\n",
            attempt.started_after_ms,
            attempt.source,
            attempt.result.code(),
            attempt.detail
        ));
    }
    text
}

/// A topic that nobody else has.
pub fn fresh_topic() -> TopicName {
    let name = format!("test-{:016x}", rand::random::<u64>());
    name.parse().expect("letters and digits are a name")
}

/// Waits until `look` gives something.
///
/// # Errors
/// When it gives nothing for `limit`, or an error.
pub async fn eventually<T, F>(limit: Duration, mut look: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<Option<T>>>,
{
    let end = tokio::time::Instant::now() + limit;
    let found = timeout_at(end, async {
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            sleep(POLL).await;
        }
    });
    found
        .await
        .unwrap_or_else(|_| Err(anyhow!("not so after {limit:?}")))
}

/// The next event of a topic that is of interest. After a loss the caller has to look again, so
/// that counts as well.
///
/// # Errors
/// When the topic was left.
pub async fn next_where(
    events: &mut TopicEvents,
    is_it: impl Fn(&TopicEvent) -> bool,
) -> anyhow::Result<TopicEvent> {
    loop {
        let event = events.next().await.context("the topic was left")?;
        if is_it(&event) || matches!(event, TopicEvent::Resync) {
            return Ok(event);
        }
    }
}
