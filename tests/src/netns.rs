//! Network namespaces for tests and benches: made, wired, and removed again.
//!
//! Owns names (`kk-...`, unique per process), the folder `/etc/netns/NAME` with the namespace's
//! own `hosts` and `resolv.conf`, and the removal of both on drop. Must never touch an interface,
//! a route or a namespace that it did not make itself: every command runs inside one of its own
//! namespaces, bridges included.

use std::{
    ffi::OsStr,
    fs,
    net::Ipv4Addr,
    path::PathBuf,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context as _, ensure};

/// Set to `1` by `cargo xtask test netns`: namespaces may be made.
pub const ENABLED_BY: &str = "KUKURI_TEST_NETNS";

/// Multicast, which mDNS uses; without a route for it nothing is sent.
const MULTICAST: &str = "224.0.0.0/4";

static MADE: AtomicU32 = AtomicU32::new(0);

/// Whether tests that need namespaces are to run.
pub fn is_enabled() -> bool {
    std::env::var_os(ENABLED_BY).is_some_and(|value| value == "1")
}

/// A network namespace with loopback up and nothing else. Dropping it removes it; processes that
/// still run in it keep it alive until they end.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// Makes one. Its `hosts` file names `localhost` only, and no name server is configured.
    ///
    /// # Errors
    /// When the system refuses, for example because this is not root.
    pub fn new(label: &str) -> anyhow::Result<Self> {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("kk-{}-{number}-{label}", std::process::id());
        let namespace = Self { name };
        // The files come first: they are bound into each process that is started in it.
        let folder = namespace.folder();
        fs::create_dir_all(&folder)
            .with_context(|| format!("failed to make {}", folder.display()))?;
        fs::write(
            folder.join("resolv.conf"),
            "nameserver 192.0.2.1\noptions timeout:1 attempts:1\n",
        )?;
        namespace.set_hosts(&[])?;
        run(Command::new("ip").args(["netns", "add", &namespace.name]))?;
        namespace.ip("link set lo up")?;
        Ok(namespace)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs `ip` inside, with arguments separated by white space.
    ///
    /// # Errors
    /// When `ip` fails; its message is in the error.
    pub fn ip(&self, args: &str) -> anyhow::Result<()> {
        run(Command::new("ip")
            .args(["-n", &self.name])
            .args(args.split_whitespace()))
    }

    /// A command that runs inside.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]);
        command.arg(program);
        command
    }

    /// Replaces the names that processes inside can resolve. Works on running processes too: the
    /// file is written in place, because they have it mounted.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_hosts(&self, names: &[(Ipv4Addr, &str)]) -> anyhow::Result<()> {
        let mut text = "127.0.0.1 localhost\n::1 localhost\n".to_owned();
        for (address, name) in names {
            text.push_str(&format!("{address} {name}\n"));
        }
        fs::write(self.folder().join("hosts"), text).context("failed to write the hosts file")
    }

    /// Gives it an interface that leads nowhere, so that it has an address, a default route and
    /// multicast among its own processes. It is a cable with both ends in here: not every kernel
    /// has dummy interfaces.
    ///
    /// # Errors
    /// When `ip` fails.
    pub fn add_lan_of_one(&self, address: Ipv4Addr) -> anyhow::Result<()> {
        self.ip("link add lan0 type veth peer name end0")?;
        self.ip("link set end0 up")?;
        self.ip(&format!("addr add {address}/24 dev lan0"))?;
        self.ip("link set lan0 up")?;
        self.ip(&format!("route add {MULTICAST} dev lan0"))?;
        self.ip("route add default dev lan0")
    }

    fn folder(&self) -> PathBuf {
        PathBuf::from("/etc/netns").join(&self.name)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Nothing can be done about a failure here, and the next run uses other names.
        if let Err(error) = run(Command::new("ip").args(["netns", "delete", &self.name])) {
            tracing::warn!(%error, namespace = self.name, "not removed");
        }
        if let Err(error) = fs::remove_dir_all(self.folder()) {
            tracing::warn!(%error, namespace = self.name, "its files were not removed");
        }
    }
}

/// A cable between two namespaces.
///
/// # Errors
/// When `ip` fails.
pub fn cable(a: (&Namespace, &str), b: (&Namespace, &str)) -> anyhow::Result<()> {
    let (a_namespace, a_device) = a;
    let (b_namespace, b_device) = b;
    a_namespace.ip(&format!(
        "link add {a_device} type veth peer name {b_device} netns {}",
        b_namespace.name
    ))
}

/// Namespaces on one bridge, like machines on one switch: `10.77.0.1`, `10.77.0.2` and so on.
#[derive(Debug)]
pub struct Lan {
    /// The machines, in the order of their addresses.
    pub machines: Vec<Namespace>,
    hub: Namespace,
    /// The second number of its addresses.
    network: u8,
    /// Whether there is a router, whose address is the last.
    is_routed: bool,
}

impl Lan {
    /// Makes a switch and `machines` machines; all links are up.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn new(machines: u8) -> anyhow::Result<Self> {
        Self::with(machines, 77, None)
    }

    fn with(machines: u8, network: u8, router: Option<&Namespace>) -> anyhow::Result<Self> {
        let hub = Namespace::new("hub")?;
        hub.ip("link add switch type bridge")?;
        // A real switch lets a new port through at once, and floods what it does not know.
        hub.ip("link set switch type bridge stp_state 0 forward_delay 0 mcast_snooping 0")?;
        hub.ip("link set switch up")?;
        let mut lan = Self {
            machines: Vec::new(),
            hub,
            network,
            is_routed: router.is_some(),
        };
        if let Some(router) = router {
            cable((router, &format!("lan{network}")), (&lan.hub, "uplink"))?;
            lan.hub.ip("link set uplink master switch")?;
            lan.hub.ip("link set uplink up")?;
            router.ip(&format!("addr add 10.{network}.0.254/24 dev lan{network}"))?;
            router.ip(&format!("link set lan{network} up"))?;
        }
        for number in 1..=machines {
            let machine = Namespace::new(&format!("m{number}"))?;
            cable((&machine, "lan0"), (&lan.hub, &format!("port{number}")))?;
            lan.hub
                .ip(&format!("link set port{number} master switch"))?;
            lan.hub.ip(&format!("link set port{number} up"))?;
            lan.machines.push(machine);
            lan.connect(usize::from(number) - 1)?;
        }
        Ok(lan)
    }

    /// The address of a machine.
    pub fn address(&self, machine: usize) -> Ipv4Addr {
        let number = u8::try_from(machine + 1).unwrap_or(u8::MAX);
        Ipv4Addr::new(10, self.network, 0, number)
    }

    /// Gives a machine its address and routes.
    ///
    /// # Errors
    /// When `ip` fails.
    pub fn connect(&self, machine: usize) -> anyhow::Result<()> {
        let namespace = &self.machines[machine];
        namespace.ip(&format!("addr add {}/24 dev lan0", self.address(machine)))?;
        namespace.ip("link set lan0 up")?;
        namespace.ip(&format!("route add {MULTICAST} dev lan0"))?;
        match self.is_routed {
            true => namespace.ip(&format!("route add default via 10.{}.0.254", self.network)),
            false => namespace.ip("route add default dev lan0"),
        }
    }

    /// Gives a machine another address in place of its own, as a router does that has forgotten it.
    ///
    /// # Errors
    /// When `ip` fails.
    pub fn change_address(&self, machine: usize, address: Ipv4Addr) -> anyhow::Result<()> {
        let namespace = &self.machines[machine];
        // The routes go with the last address.
        namespace.ip("addr flush dev lan0")?;
        namespace.ip(&format!("addr add {address}/24 dev lan0"))?;
        namespace.ip(&format!("route replace {MULTICAST} dev lan0"))?;
        namespace.ip("route replace default dev lan0")
    }

    /// Takes a machine's address and routes away, like a pulled cable.
    ///
    /// # Errors
    /// When `ip` fails.
    pub fn disconnect(&self, machine: usize) -> anyhow::Result<()> {
        let namespace = &self.machines[machine];
        namespace.ip("addr flush dev lan0")?;
        namespace.ip("link set lan0 down")
    }
}

/// Two LANs with a router between them, which forwards what is for the other and no multicast: as
/// the internet is to both, without address translation.
#[derive(Debug)]
pub struct Internet {
    /// The two, `10.77.0.0/24` and `10.78.0.0/24`.
    pub lans: [Lan; 2],
    _router: Namespace,
}

impl Internet {
    /// With so many machines in either.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn new(machines: [u8; 2]) -> anyhow::Result<Self> {
        let router = Namespace::new("router")?;
        let forward = "echo 1 > /proc/sys/net/ipv4/ip_forward";
        run(router.command("sh").args(["-c", forward]))?;
        Ok(Self {
            lans: [
                Lan::with(machines[0], 77, Some(&router))?,
                Lan::with(machines[1], 78, Some(&router))?,
            ],
            _router: router,
        })
    }
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command
        .output()
        .with_context(|| format!("failed to start {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}
