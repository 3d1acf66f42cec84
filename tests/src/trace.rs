//! What tests and benches log: nothing, unless `KUKURI_LOG` asks for it.

use tracing_subscriber::EnvFilter;

/// Sends what `KUKURI_LOG` selects to standard error, for instance `kukuri=debug`.
pub fn to_stderr() {
    let Ok(filter) = EnvFilter::try_from_env("KUKURI_LOG") else {
        return;
    };
    // A second call, by another test of the process, finds the first one's and is content.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
