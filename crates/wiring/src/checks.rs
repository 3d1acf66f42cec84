//! Looks at what a node needs, one thing after another: for `kukuri doctor` and for the desktop.
//!
//! Owns the looking; what follows from it is in `judge`. Must never change anything: no key is
//! made, no passphrase asked for, no lock taken.

mod judge;

use std::{
    io,
    time::{Duration, Instant},
};

use kukuri_application::{
    ports::{EventStore as _, TopicBook as _},
    views::{CheckResult, CheckView, ChecksView, StatusView},
};
use kukuri_domain::{AuthorId, TopicName};
use kukuri_infra_db::Database;
use kukuri_infra_iroh::{
    dht::{DhtClient, DhtConfig, PUBLIC_BOOTSTRAP},
    probe,
};
use kukuri_infra_keyring::OsVault;
use kukuri_node::{
    Client, config::KeyringStore, control, identity_file::IdentityFile, platform::SystemClock,
};
use tokio_util::sync::CancellationToken;

use crate::{failure::Failure, place::Place, start};

/// English that a program shows in its user's language. The macro marks it, so that a test of the
/// command line finds what has no Japanese.
macro_rules! noted {
    ($text:literal $(, $name:ident = $value:expr)* $(,)?) => {
        format!($text $(, $name = $value)*)
    };
}
use noted;

/// How long the DHT may take to answer.
const DHT_MAX: Duration = Duration::from_secs(5);

/// How long TCP may take.
const TCP_MAX: Duration = Duration::from_secs(3);

/// How long a multicast packet may take to come back.
const MULTICAST_MAX: Duration = Duration::from_secs(1);

/// How long the whole database may be looked through.
const INTEGRITY_MAX: Duration = Duration::from_secs(20);

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Outcome {
    result: CheckResult,
    detail: String,
}

impl Outcome {
    /// As it should be.
    fn ok(detail: String) -> Self {
        let result = CheckResult::Ok;
        Self { result, detail }
    }

    /// Not as it should be, and not fatal.
    fn warn(detail: String) -> Self {
        let result = CheckResult::Warn;
        Self { result, detail }
    }

    /// It does not work.
    fn fails(detail: String) -> Self {
        let result = CheckResult::Fails;
        Self { result, detail }
    }

    /// It was not looked at, and why.
    fn skipped(why: String) -> Self {
        let (result, detail) = (CheckResult::Skipped, why);
        Self { result, detail }
    }

    fn into_view(self, name: &str, took_ms: u64) -> CheckView {
        CheckView {
            name: name.to_owned(),
            result: self.result,
            detail: self.detail,
            took_ms,
        }
    }
}

/// The checks so far, and who is told of each.
struct Looking<T> {
    checks: Vec<CheckView>,
    told: T,
}

impl<T: FnMut(&CheckView) -> Result<(), Failure>> Looking<T> {
    async fn at(
        &mut self,
        name: &str,
        look: impl Future<Output = Outcome>,
    ) -> Result<CheckResult, Failure> {
        let started = Instant::now();
        let outcome = look.await;
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let check = outcome.into_view(name, took_ms);
        (self.told)(&check)?;
        let result = check.result;
        self.checks.push(check);
        Ok(result)
    }
}

/// Makes every check, tells each as it ends, and says what follows from them.
///
/// # Errors
/// That of `told`, at which it ends. What does not work is no error: it is what was found.
pub async fn run(
    place: &Place,
    told: impl FnMut(&CheckView) -> Result<(), Failure>,
) -> Result<ChecksView, Failure> {
    let mut looking = Looking {
        checks: Vec::new(),
        told,
    };
    let node = running_node(place).await;
    // Why a node cannot be reached is the outcome of the check of the node, just below.
    let client = node.as_ref().ok().and_then(Option::as_ref);
    let status = match client {
        // A node that ends between the two has no status: the checks then look for themselves, and
        // each says what it finds.
        Some(client) => client.status().await.ok(),
        None => None,
    };
    looking.at("node", async { node_outcome(&node) }).await?;
    looking.at("database", database(place)).await?;
    looking.at("keyring", keyring(place)).await?;
    // Why there is no client has been said by the first check.
    looking.at("clock", clock(client)).await?;
    let dht = looking.at("DHT", dht(place, status.as_ref())).await?;
    looking.at("LAN", lan(place)).await?;
    looking.at("UDP", udp(place, dht)).await?;
    Ok(judge::judged(looking.checks))
}

async fn running_node(place: &Place) -> Result<Option<Client>, String> {
    control::attach(&place.home)
        .await
        .map_err(|error| error.to_string())
}

fn node_outcome(node: &Result<Option<Client>, String>) -> Outcome {
    match node {
        Ok(Some(client)) => Outcome::ok(noted!(
            "runs, version {version}",
            version = client.profile().version
        )),
        Ok(None) => Outcome::skipped(noted!("none is running for this profile")),
        Err(why) => Outcome::fails(why.clone()),
    }
}

async fn database(place: &Place) -> Outcome {
    let path = place.home.database();
    let size = match path.metadata() {
        Ok(found) => size(found.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Outcome::skipped(noted!("there is none yet"));
        }
        Err(error) => return Outcome::fails(error.to_string()),
    };
    let clock = std::sync::Arc::new(SystemClock::start());
    let database = match start::open_database(place, true, clock).await {
        Ok(database) => database,
        Err(failure) => return Outcome::fails(failure.in_one_line()),
    };
    let largest = largest_topic(&database).await;
    let checked = tokio::time::timeout(INTEGRITY_MAX, database.check_integrity()).await;
    match (checked, largest) {
        (Ok(Ok(())), Some((topic, bytes, Some(most)))) => Outcome::ok(noted!(
            "{size}, looked through without finding damage; #{topic} takes {stored} of at most {most}",
            size = size,
            topic = topic,
            stored = self::size(bytes),
            most = self::size(most)
        )),
        (Ok(Ok(())), _) => Outcome::ok(noted!(
            "{size}, looked through without finding damage",
            size = size
        )),
        (Ok(Err(error)), _) => Outcome::fails(Failure::from(error).in_one_line()),
        (Err(_), _) => Outcome::ok(noted!(
            "{size}, opens; looking through all of it takes more than {n} s",
            size = size,
            n = INTEGRITY_MAX.as_secs()
        )),
    }
}

/// The joined topic that takes most, how much that is, and how much it may be. What cannot be
/// asked shows in the check of the file.
async fn largest_topic(database: &Database) -> Option<(TopicName, u64, Option<u64>)> {
    let nobody = AuthorId([0; 32]);
    let mut largest = None;
    // The check of the file says what is wrong with it.
    for topic in database.joined().await.ok()? {
        let summary = database.summary(topic.id, nobody).await.ok()?;
        if largest
            .as_ref()
            .is_none_or(|(_, most, _)| summary.bytes > *most)
        {
            largest = Some((topic.name, summary.bytes, summary.bytes_max));
        }
    }
    largest
}

/// "640 kB", "1.2 MB".
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

async fn keyring(place: &Place) -> Outcome {
    let file = match IdentityFile::read(&place.home) {
        Ok(file) => file,
        Err(error) => return Outcome::fails(Failure::from(error).in_one_line()),
    };
    let chosen = place
        .settings
        .keyring
        .store
        .as_ref()
        .map(|chosen| chosen.store);
    let store = match &file {
        Some(file) => file.key_store,
        None => chosen.unwrap_or_default(),
    };
    match store {
        KeyringStore::File => sealed_file(place),
        KeyringStore::Os => {
            let vault_id = file.map_or_else(|| "doctor".to_owned(), |file| file.vault_id);
            match OsVault::new(vault_id, "kukuri doctor").self_test().await {
                Ok(took) => Outcome::ok(noted!(
                    "the system's keyring, self-test {n} ms",
                    n = took.as_millis()
                )),
                Err(error) => Outcome::fails(Failure::from(&error).in_one_line()),
            }
        }
    }
}

/// Whether the passphrase fits is not tried: nobody is asked for it.
fn sealed_file(place: &Place) -> Outcome {
    let path = place.home.vault();
    match std::fs::File::open(&path) {
        Ok(_) => Outcome::ok(noted!("a file sealed with a passphrase, readable")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Outcome::skipped(noted!("the sealed file is made at the first start"))
        }
        Err(error) => Outcome::fails(format!("{}: {error}", path.display())),
    }
}

async fn clock(node: Option<&Client>) -> Outcome {
    let Some(client) = node else {
        return Outcome::skipped(noted!("needs a running node with members: kukuri up"));
    };
    match client.all_peers().await {
        Ok(peers) => judge::clock(peers.iter().filter_map(|peer| peer.clock_skew_ms).collect()),
        Err(error) => Outcome::fails(error.message),
    }
}

async fn dht(place: &Place, status: Option<&StatusView>) -> Outcome {
    if !place.settings.dht_enabled() {
        return Outcome::skipped(noted!("switched off by the configuration"));
    }
    if let Some(dht) = status.map(|status| &status.discovery.dht)
        && dht.bootstrapped
    {
        return Outcome::ok(noted!(
            "{n} nodes in the table of the running node",
            n = dht.table_nodes
        ));
    }
    let mut config = DhtConfig::default();
    let wanted = &place.settings.discovery.dht.bootstrap;
    if !wanted.is_empty() {
        config.bootstrap = wanted.clone();
    }
    let asked = config.bootstrap.len();
    let cancel = CancellationToken::new();
    let client = DhtClient::start(config, &cancel);
    let ready = client.ready(DHT_MAX).await;
    let status = client.status().await;
    client.shutdown();
    cancel.cancel();
    match ready {
        Ok(()) => Outcome::ok(noted!(
            "answers, {n} nodes in the table",
            n = status.table_nodes
        )),
        Err(_) => {
            let why = status.last_error.map(|why| format!(" ({why})"));
            Outcome::fails(noted!(
                "no answer from any of {asked} bootstrap nodes in {n} s{why}",
                asked = asked,
                n = DHT_MAX.as_secs(),
                why = why.unwrap_or_default()
            ))
        }
    }
}

async fn lan(place: &Place) -> Outcome {
    if !place.settings.discovery.mdns_enabled {
        return Outcome::skipped(noted!("switched off by the configuration"));
    }
    match probe::multicast(MULTICAST_MAX).await {
        Ok(_) => Outcome::ok(noted!("multicast works")),
        Err(error) => Outcome::warn(noted!("multicast does not work: {error}", error = error)),
    }
}

/// Where the DHT says nothing about it, TCP tells a network that blocks UDP from one that is not
/// there.
async fn udp(place: &Place, dht: CheckResult) -> Outcome {
    let is_configured = !place.settings.discovery.dht.bootstrap.is_empty();
    if let Some(outcome) = judge::udp_by_dht(dht, is_configured) {
        return outcome;
    }
    let mut places = probe::default_relays();
    places.extend(PUBLIC_BOOTSTRAP.iter().map(|place| (*place).to_owned()));
    match probe::tcp(&places, TCP_MAX).await {
        Ok(_) => Outcome::fails(noted!("blocked; TCP works")),
        Err(error) => Outcome::fails(noted!(
            "nothing on the internet answers, TCP neither: {error}",
            error = error
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        assert_eq!(size(0), "0 kB");
        assert_eq!(size(639_001), "640 kB");
        assert_eq!(size(1_250_000), "1.2 MB");
    }

    #[test]
    fn the_form_in_json_is_the_fixed_one() {
        let check = Outcome::skipped("there is none yet".to_owned()).into_view("database", 3);
        let view = judge::judged(vec![check]);
        let json = serde_json::to_string(&view).expect("JSON");
        let expected = concat!(
            r#"{"checks":[{"name":"database","result":"skipped","detail":"there is none yet","#,
            r#""took_ms":3}],"cause":null,"remedy":null}"#
        );
        assert_eq!(json, expected);
    }
}
