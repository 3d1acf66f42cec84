//! How a failure looks on a terminal.

use std::fmt::Write as _;

use kukuri_wiring::Failure;

use crate::language::{self, say};

/// As it is shown on standard error. In another language than English the kind of error comes
/// first, and then the exact words, which are those of the log and of the documentation.
pub fn shown(failure: &Failure) -> String {
    let mut lines: Vec<&str> = failure.details.iter().map(String::as_str).collect();
    let head = match language::meaning(failure.code) {
        Some(meaning) => {
            lines.insert(0, &failure.message);
            meaning
        }
        None => &failure.message,
    };
    let mut shown = say!("error: {message}", message = head) + "\n";
    for line in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(shown, "  {line}");
    }
    if let Some(hint) = &failure.hint {
        let hint = say!("do: {hint}", hint = language::phrase(hint));
        // Nor here.
        let _ = writeln!(shown, "  {hint}");
    }
    shown
}

#[cfg(test)]
mod tests {
    use kukuri_wiring::Exit;

    use super::*;

    #[test]
    fn an_error_says_what_is_so_and_what_to_do() {
        let failure = Failure::new(Exit::Vault, "the vault needs a passphrase")
            .detail("there is no terminal to ask on")
            .hint("see kukuri --help");
        assert_eq!(
            shown(&failure),
            "error: the vault needs a passphrase\n  there is no terminal to ask on\n  do: see kukuri --help\n"
        );
    }
}
