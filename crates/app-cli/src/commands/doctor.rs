//! `kukuri doctor`: looks at what a node needs, one thing after another, and says what is wrong
//! and what to do.
//!
//! Owns the looking; what follows from it is in `judge`. Must never change anything: no key is
//! made, no passphrase asked for, no lock taken.

mod judge;

use std::{
    io,
    time::{Duration, Instant},
};

use kukuri_application::views::StatusView;
use kukuri_infra_db::OpenOptions;
use kukuri_infra_iroh::{
    dht::{DhtClient, DhtConfig, PUBLIC_BOOTSTRAP},
    probe,
};
use kukuri_infra_keyring::OsVault;
use kukuri_node::{
    Client,
    config::{KeyringStore, NetworkMode},
    control,
    identity_file::IdentityFile,
    platform::SystemClock,
};
use kukuri_wiring::{Exit, Failure, Place, start};
use tokio_util::sync::CancellationToken;

use crate::{access::place_of, args::ProfileArgs, console::Console, language::noted, render};
use judge::{Check, Outcome, Report};

/// How long the DHT may take to answer.
const DHT_MAX: Duration = Duration::from_secs(5);

/// How long TCP may take.
const TCP_MAX: Duration = Duration::from_secs(3);

/// How long a multicast packet may take to come back.
const MULTICAST_MAX: Duration = Duration::from_secs(1);

/// How long the whole database may be looked through.
const INTEGRITY_MAX: Duration = Duration::from_secs(20);

/// Runs every check, shows each as it ends, and fails if one did.
pub async fn run(args: &ProfileArgs) -> Result<(), Failure> {
    let console = Console::of_process(args.json);
    let place = place_of(args)?;
    let node = running_node(&place).await;
    let mut report = Report::default();
    let status = match &node {
        Ok(Some(client)) => client.status().await.ok(),
        // Without a status the checks look for themselves.
        Ok(None) | Err(_) => None,
    };
    note(console, &mut report, "node", async { node_outcome(&node) }).await?;
    note(console, &mut report, "database", database(&place)).await?;
    note(console, &mut report, "keyring", keyring(&place)).await?;
    note(
        console,
        &mut report,
        "clock",
        // Why there is none has been said by the first check.
        clock(node.as_ref().ok().and_then(Option::as_ref)),
    )
    .await?;
    note(console, &mut report, "DHT", dht(&place, status.as_ref())).await?;
    note(console, &mut report, "LAN", lan(&place)).await?;
    let dht_works = report.is_ok("DHT");
    note(console, &mut report, "UDP", udp(&place, dht_works)).await?;
    report.judge();
    if console.is_json {
        console.json(&report)?;
    } else {
        for line in report.conclusion() {
            console.text(&line)?;
        }
    }
    match report.has_failure() {
        false => Ok(()),
        true => Err(Failure::quiet(Exit::Unexpected)),
    }
}

async fn note(
    console: Console,
    report: &mut Report,
    name: &'static str,
    look: impl Future<Output = Outcome>,
) -> Result<(), Failure> {
    let started = Instant::now();
    let outcome = look.await;
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let check = Check::new(name, outcome, took_ms);
    if !console.is_json {
        console.text(&check.line())?;
    }
    report.checks.push(check);
    Ok(())
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
    let bytes = match path.metadata() {
        Ok(found) => found.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Outcome::skipped(noted!("there is none yet"));
        }
        Err(error) => return Outcome::fails(error.to_string()),
    };
    let clock = std::sync::Arc::new(SystemClock::start());
    let database = match start::open_database(place, OpenOptions { read_only: true }, clock).await {
        Ok(database) => database,
        Err(failure) => return Outcome::fails(failure.in_one_line()),
    };
    let checked = tokio::time::timeout(INTEGRITY_MAX, database.check_integrity()).await;
    let size = render::bytes(bytes);
    match checked {
        Ok(Ok(())) => Outcome::ok(noted!(
            "{size}, looked through without finding damage",
            size = size
        )),
        Ok(Err(error)) => Outcome::fails(Failure::from(error).in_one_line()),
        Err(_) => Outcome::ok(noted!(
            "{size}, opens; looking through all of it takes more than {n} s",
            size = size,
            n = INTEGRITY_MAX.as_secs()
        )),
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

/// An answer of the DHT is an answer by UDP. Without one, TCP tells a network that blocks UDP
/// from one that is not there.
async fn udp(place: &Place, dht_works: bool) -> Outcome {
    if dht_works {
        return Outcome::ok(noted!("packets go to the internet and come back"));
    }
    if place.settings.network.mode == NetworkMode::Lan || !place.settings.dht_enabled() {
        return Outcome::skipped(noted!("nothing on the internet is asked"));
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
