//! Addresses by pkarr relays, against a small one on the loopback address.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use kukuri_application::ports::TopicNetwork as _;
use kukuri_infra_iroh::{Network, NetworkConfig, NetworkMode, dht::PublishedAddresses};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};

use crate::support::{DEADLINE, addresses, neighbour_up, start, topic};

type Packets = BTreeMap<String, Vec<u8>>;

/// Keeps what is put under a path and gives it back.
struct Relay {
    url: String,
    packets: watch::Receiver<Packets>,
    /// Paths that were asked for.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Relay {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (changes, packets) = watch::channel(Packets::new());
        let (changes, asked) = (Arc::new(changes), Arc::<Mutex<Vec<String>>>::default());
        let asked_of = asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (changes, asked) = (changes.clone(), asked_of.clone());
                tokio::spawn(async move {
                    let mut stream = BufReader::new(stream);
                    while answer(&mut stream, &changes, &asked).await.is_some() {}
                });
            }
        });
        Self {
            url,
            packets,
            asked,
        }
    }

    /// Waits until something was put that was not there at the last look.
    async fn put(&mut self) -> Packets {
        timeout(DEADLINE, self.packets.changed())
            .await
            .expect("in time")
            .expect("the relay runs");
        self.packets.borrow_and_update().clone()
    }

    async fn node(&self, published: PublishedAddresses) -> Network {
        start(NetworkConfig {
            mode: NetworkMode::Serverless,
            pkarr_relays: vec![self.url.clone()],
            published,
            ..NetworkConfig::loopback()
        })
        .await
    }
}

/// One request; `None` at the end of the connection.
async fn answer(
    stream: &mut BufReader<TcpStream>,
    changes: &watch::Sender<Packets>,
    asked: &Mutex<Vec<String>>,
) -> Option<()> {
    // Whoever hangs up in the middle wants no answer: each error below ends this connection only.
    let (mut request, mut line) = (String::new(), String::new());
    stream
        .read_line(&mut request)
        .await
        .ok()
        .filter(|n| *n > 0)?;
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().expect("a number");
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let mut words = request.split(' ');
    let (method, path) = (words.next()?, words.next()?.to_owned());
    let (status, body) = match method {
        "PUT" => {
            changes.send_modify(|packets| drop(packets.insert(path, body)));
            ("204 No Content", Vec::new())
        }
        _ => {
            asked.lock().expect("nobody panicked").push(path.clone());
            match changes.borrow().get(&path) {
                Some(packet) => ("200 OK", packet.clone()),
                None => ("404 Not Found", Vec::new()),
            }
        }
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(&body).await.ok()
}

#[tokio::test]
async fn a_member_is_reached_by_its_id_through_a_pkarr_relay() {
    let keys = topic("lobby");
    let mut relay = Relay::start().await;
    let alice = relay.node(PublishedAddresses::Direct).await;
    relay.put().await;
    let bob = relay.node(PublishedAddresses::None).await;
    let mut at_alice = alice.join(keys.clone()).await.expect("open");
    let _at_bob = bob.join(keys.clone()).await.expect("open");
    let dial = bob.dial(keys.id, alice.local_peer(), Vec::new(), true);
    dial.await.expect("the relay knows where");
    assert!(neighbour_up(&mut at_alice, &bob).await);
    assert_eq!(relay.packets.borrow().len(), 1, "bob publishes nothing");
}

#[tokio::test]
async fn what_a_relay_makes_up_is_not_believed_and_its_silence_holds_nothing_up() {
    let keys = topic("lobby");
    let mut relay = Relay::start().await;
    let alice = relay.node(PublishedAddresses::Direct).await;
    let (path, packet) = relay.put().await.pop_first().expect("alice's packet");
    let carol = relay.node(PublishedAddresses::Direct).await;
    let carols = relay.put().await.into_keys().find(|other| *other != path);

    // A relay that gives alice's packet for carol's, and one that takes connections and is silent.
    let mut liar = Relay::start().await;
    let changes = TcpStream::connect(liar.url.trim_start_matches("http://")).await;
    let mut changes = changes.expect("the relay runs");
    let request = format!(
        "PUT {} HTTP/1.1\r\ncontent-length: {}\r\n\r\n",
        carols.expect("carol's path"),
        packet.len()
    );
    let request = [request.as_bytes(), &packet].concat();
    changes.write_all(&request).await.expect("sent");
    liar.put().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let silent_url = format!("http://{}", silent.local_addr().expect("bound"));
    let bob = start(NetworkConfig {
        mode: NetworkMode::Serverless,
        pkarr_relays: vec![liar.url.clone(), silent_url],
        ..NetworkConfig::loopback()
    })
    .await;
    let _at_bob = bob.join(keys.clone()).await.expect("open");
    let mut at_alice = alice.join(keys.clone()).await.expect("open");
    let by_liar = bob.dial(keys.id, carol.local_peer(), Vec::new(), true);
    by_liar.await.expect_err("nobody knows where carol is");
    assert!(!liar.asked.lock().expect("nobody panicked").is_empty());

    let known = addresses(&alice).await;
    let by_address = bob.dial(keys.id, alice.local_peer(), known, true);
    by_address.await.expect("known without any relay");
    assert!(neighbour_up(&mut at_alice, &bob).await);
}
