//! The Japanese catalogue: pairs of the English text and its Japanese.
//!
//! Plain words in short sentences, as in README.ja.md. Commands, keys, numbers and codes stay as
//! they are. Every named place of the English occurs in the Japanese; a test holds it.

mod entries;
mod failures;
mod help;
mod phrases;
mod said;

pub use entries::{HELP_OF_ENTRIES, SAID_OF_ENTRIES};
pub use failures::{CODES, FAILURES};
pub use help::HELP;
pub use phrases::PHRASES;
pub use said::SAID;
