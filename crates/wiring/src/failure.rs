//! How a program fails: what is told, and the exit code.
//!
//! Owns the exit codes and the words for programs; in which form and language a person is told is
//! left to the screen. Every kind of error has its own
//! code, so that a script can tell a wrong configuration from an absent network.

use std::{error::Error, process::ExitCode};

use kukuri_application::{
    keys::KeySetupError,
    ports::{NetworkError, StoreError, VaultError},
};
use kukuri_domain::topic::{TopicNameError, TopicRefError};
use kukuri_node::{
    ClientError, ConfigError, Home, HomeError, LockError, ProfileLock,
    client::Code,
    control::{AttachError, ControlError},
    logs::LogError,
};
use serde_json::json;

/// The exit codes; they are fixed, because scripts use them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done; nobody reads the rest of the output.
    OutputGone = 0,
    /// Nothing else fits.
    Unexpected = 1,
    /// Wrong usage.
    Usage = 2,
    /// Wrong configuration.
    Config = 3,
    /// Another process has the profile.
    InUse = 4,
    /// Port taken, nobody found.
    Network = 5,
    /// Keyring or vault.
    Vault = 6,
    /// Database or disk.
    Disk = 7,
    /// There is no such thing.
    NotFound = 8,
    /// Not allowed.
    Refused = 9,
    /// By Ctrl-C or a signal.
    Interrupted = 130,
}

impl Exit {
    /// The kind of an error that has no closer name.
    fn code(self) -> &'static str {
        match self {
            Exit::OutputGone => "output_gone",
            Exit::Unexpected => "unexpected",
            Exit::Usage => "usage",
            Exit::Config => "config",
            Exit::InUse => "in_use",
            Exit::Network => "network",
            Exit::Vault => "vault",
            Exit::Disk => "database",
            Exit::NotFound => "not_found",
            Exit::Refused => "refused",
            Exit::Interrupted => "interrupted",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why a command ended without having done its work.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// Exit code.
    pub exit: Exit,
    /// What kind of error it is: a word for programs, see docs/reference/errors.md.
    pub code: &'static str,
    /// What is so.
    pub message: String,
    /// More, a line each.
    pub details: Vec<String>,
    /// What to do.
    pub hint: Option<String>,
    /// Whether nothing is to be said any more.
    pub is_quiet: bool,
}

impl Failure {
    /// A failure with its message.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            code: exit.code(),
            message: message.into(),
            details: Vec::new(),
            hint: None,
            is_quiet: false,
        }
    }

    /// Names the kind more closely than its exit code does.
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// The process was asked to end.
    pub fn interrupted() -> Self {
        Self::new(Exit::Interrupted, "interrupted")
    }

    /// Nobody reads the output any more.
    pub fn output_gone() -> Self {
        Self::new(Exit::OutputGone, "nobody reads the output")
    }

    /// What is wrong has been said already.
    pub fn quiet(exit: Exit) -> Self {
        Self {
            is_quiet: true,
            ..Self::new(exit, "see above")
        }
    }

    /// What is so, with its details, for a table.
    pub fn in_one_line(&self) -> String {
        let mut line = self.message.clone();
        for detail in &self.details {
            line.push_str("; ");
            line.push_str(detail);
        }
        line
    }

    /// Names the process that holds the profile.
    pub fn in_use(mut self, home: &Home) -> Self {
        let holder = ProfileLock::holder(home);
        self.details.insert(0, self.message);
        self.message = format!("profile \"{}\" is in use by {holder}", home.profile());
        self
    }

    /// Tells a full disk from one that cannot be written.
    fn not_written(self, error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull => self.code("disk_full"),
            _ => self.code("read_only"),
        }
    }

    /// Adds a line.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    /// Adds the causes of an error, a line each.
    pub fn causes(mut self, error: &dyn Error) -> Self {
        let mut cause = error.source();
        while let Some(error) = cause {
            let line = error.to_string();
            if !self.message.contains(&line) && !self.details.contains(&line) {
                self.details.push(line);
            }
            cause = error.source();
        }
        self
    }

    /// Says what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// As programs read it on standard error.
    pub fn json(&self) -> String {
        let message = self.in_one_line();
        let error = json!({ "code": self.code, "message": message, "hint": self.hint });
        json!({ "error": error }).to_string()
    }
}

impl From<TopicNameError> for Failure {
    fn from(error: TopicNameError) -> Self {
        Failure::new(Exit::Usage, error.to_string())
            .hint("name the topic with 1 to 64 letters, for example: kukuri join lobby")
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let exit = if matches!(error, ConfigError::Flag(_)) {
            Exit::Usage
        } else {
            Exit::Config
        };
        Failure::new(exit, error.to_string()).hint(error.hint())
    }
}

impl From<HomeError> for Failure {
    fn from(error: HomeError) -> Self {
        let exit = match error {
            HomeError::ProfileName(_) => Exit::Usage,
            HomeError::NoHomeDirectory(_) => Exit::Config,
            HomeError::NotAFolder { .. } | HomeError::NotWritable { .. } => Exit::Disk,
        };
        let failure = Failure::new(exit, error.to_string()).hint(error.hint());
        match &error {
            HomeError::NotWritable { source, .. } => failure.not_written(source),
            _ => failure,
        }
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Home(error) => error.into(),
            LogError::Filter { .. } => Failure::new(Exit::Usage, error.to_string()),
        }
    }
}

/// What to do about a profile that another process holds.
const IN_USE_HINT: &str = "close that program, or use another profile with --profile NAME";

impl From<AttachError> for Failure {
    fn from(error: AttachError) -> Self {
        Failure::new(Exit::InUse, error.to_string()).hint(match error {
            AttachError::Version { .. } => {
                "use the same version of kukuri for both, or stop that one first"
            }
            AttachError::Silent | AttachError::Foreign { .. } | AttachError::Refused(_) => {
                IN_USE_HINT
            }
        })
    }
}

impl From<ControlError> for Failure {
    fn from(error: ControlError) -> Self {
        Failure::new(Exit::Disk, error.to_string())
            .hint("make the profile's folder writable for this user, and move away what is there")
    }
}

impl From<TopicRefError> for Failure {
    fn from(error: TopicRefError) -> Self {
        match error {
            TopicRefError::Name(error) => error.into(),
            TopicRefError::Id => Failure::new(Exit::Usage, error.to_string())
                .hint("see the ids: kukuri topic list --json"),
        }
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        match &error {
            LockError::InUse { .. } => {
                Failure::new(Exit::InUse, error.to_string()).hint(IN_USE_HINT)
            }
            LockError::NotWritable { source, .. } => Failure::new(Exit::Disk, error.to_string())
                .hint("make the folder writable for this user, or name another with --home DIR")
                .not_written(source),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let failure = Failure::new(Exit::Disk, error.to_string()).causes(&error);
        match error {
            StoreError::DiskFull(_) => failure
                .code("disk_full")
                .hint("make room on this disk; nothing was half written"),
            StoreError::ReadOnly(_) => failure
                .code("read_only")
                .hint("make the profile's folder and files writable for this user"),
            StoreError::Corrupt(_) => failure
                .code("corrupt")
                .detail("the file was left as it is").hint(
                "put a backup in its place, or move it away: members send back what they hold",
            ),
            StoreError::NewerSchema { .. } => failure.code("newer_schema").hint("use the newer version of kukuri"),
            StoreError::OlderSchema { .. } => failure.hint(
                "run any command that writes, such as `kukuri up`: it brings the database up to date",
            ),
            StoreError::Closed | StoreError::Other(_) => failure,
        }
    }
}

impl From<NetworkError> for Failure {
    fn from(error: NetworkError) -> Self {
        let failure = Failure::new(Exit::Network, error.to_string()).causes(&error);
        match error {
            NetworkError::PortTaken { .. } => failure.code("port_taken").hint(
                "close the program that uses it, or choose another port in network.bind \
                 (KUKURI_NETWORK__BIND=0.0.0.0:PORT)",
            ),
            _ => failure,
        }
    }
}

/// The settings that a vault needs without a terminal.
const PASSPHRASE_SETTINGS: &str = "put the passphrase into a file that only you can read, and set \
     KUKURI_KEYRING__PASSPHRASE_FILE=/path/to/file (or keyring.passphrase_file in config.toml)";

impl From<&VaultError> for Failure {
    fn from(error: &VaultError) -> Self {
        if was_interrupted(error) {
            return Failure::interrupted();
        }
        let failure = Failure::new(Exit::Vault, error.to_string()).causes(error);
        match error {
            VaultError::PassphraseNeeded => failure
                .code("missing_passphrase")
                .detail("the keys of this profile are kept in a file sealed with a passphrase, and there is no terminal to ask on")
                .hint(PASSPHRASE_SETTINGS),
            VaultError::WrongPassphrase => failure
                .code("wrong_passphrase")
                .detail("the vault was left as it is")
                .hint("try again, or check the file that keyring.passphrase_file names"),
            VaultError::Corrupt(_) => failure
                .code("vault_damaged")
                .detail("the file was left as it is")
                .hint("put a backup of the file 'vault' in its place"),
            VaultError::Locked(_) => failure.code("vault_locked").hint(
                "see that the file which keyring.passphrase_file names is there, that you can \
                 read it, and that others cannot",
            ),
            VaultError::Access(_) => {
                failure.hint("make the profile's folder readable and writable for this user")
            }
            VaultError::Unavailable(_)
            | VaultError::Refused(_)
            | VaultError::Slow { .. }
            | VaultError::NotAKey { .. }
            | VaultError::Exists
            | VaultError::Changed => failure,
        }
    }
}

/// Whether somebody pressed Ctrl-C when the passphrase was asked for.
fn was_interrupted(error: &VaultError) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|error| error.kind() == std::io::ErrorKind::Interrupted) {
            return true;
        }
        cause = error.source();
    }
    false
}

impl From<KeySetupError> for Failure {
    fn from(error: KeySetupError) -> Self {
        match &error {
            KeySetupError::Load { source, .. } | KeySetupError::Create { source, .. } => source.into(),
            KeySetupError::Missing { .. } => Failure::new(Exit::Vault, error.to_string())
                .code("keys_missing")
                .hint("put the profile's 'vault' file back beside its database, or use another profile with --profile NAME"),
            KeySetupError::Random(_) => Failure::new(Exit::Unexpected, error.to_string()).causes(&error),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let exit = match error.code {
            Code::NotJoined | Code::NoEvent | Code::NoEntry => Exit::NotFound,
            Code::Ambiguous | Code::Query => Exit::Usage,
            Code::TooLong | Code::Empty | Code::Refused | Code::NotYours => Exit::Refused,
            Code::Profile | Code::Busy | Code::Conflict => Exit::Refused,
            Code::Database | Code::DiskFull | Code::ReadOnly => Exit::Disk,
            Code::Network | Code::NoNode => Exit::Network,
            Code::Signing => Exit::Vault,
            Code::Protocol => Exit::InUse,
            Code::Closed | Code::Request | Code::Unexpected => Exit::Unexpected,
        };
        Failure {
            exit,
            code: error.code.as_str(),
            message: error.message,
            details: error.details,
            hint: error.hint,
            is_quiet: false,
        }
    }
}

#[cfg(test)]
mod codes;

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn an_error_says_what_is_so_and_what_to_do() {
        let failure = Failure::from(&VaultError::PassphraseNeeded);
        assert_eq!(failure.exit, Exit::Vault);
        assert_eq!(failure.message, "the vault needs a passphrase");
        let hint = failure.hint.expect("there is something to do");
        assert!(hint.contains("KUKURI_KEYRING__PASSPHRASE_FILE="), "{hint}");
        assert!(hint.contains("keyring.passphrase_file"), "{hint}");
    }

    #[test]
    fn causes_are_shown_once() {
        let cause = io::Error::new(io::ErrorKind::StorageFull, "no space left");
        let failure = Failure::from(StoreError::DiskFull(Box::new(cause)));
        assert_eq!(failure.exit, Exit::Disk);
        assert_eq!(failure.details, ["no space left"]);
    }

    #[test]
    fn ctrl_c_at_the_passphrase_is_an_interruption() {
        let cause = io::Error::from(io::ErrorKind::Interrupted);
        assert_eq!(
            Failure::from(&VaultError::Locked(Box::new(cause))).exit,
            Exit::Interrupted
        );
    }

    #[test]
    fn each_kind_has_its_code() {
        let check =
            |failure: Failure, code: u8| assert_eq!(failure.exit as u8, code, "{failure:?}");
        check(TopicNameError::Empty.into(), 2);
        check(ConfigError::File(String::new()).into(), 3);
        let in_use = LockError::InUse {
            profile: "default".into(),
            holder: "process 1 (x)".into(),
        };
        check(in_use.into(), 4);
        check(NetworkError::PortTaken { port: 1 }.into(), 5);
        check((&VaultError::WrongPassphrase).into(), 6);
        check(HomeError::NotAFolder { path: "x".into() }.into(), 7);
        check(Failure::interrupted(), 130);
    }
}
