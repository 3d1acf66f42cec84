//! From regions of code to lines: which lines of a file count, and which of them ran.

use std::collections::BTreeMap;
use std::path::Path;

use llvm_profparser::SourceLocation;

/// Whether a file below a crate's `src` holds tests, or what only tests use.
pub(super) fn is_test_code(path: &Path) -> bool {
    path.components()
        .filter_map(|part| part.as_os_str().to_str())
        .any(|part| matches!(part, "tests" | "tests.rs" | "testing" | "testing.rs"))
}

/// The lines of a file that hold code outside its test module; true for those that ran.
///
/// A line ran if a region that begins on it did; where none begins, the innermost region around
/// it decides.
pub(super) fn covered(text: &str, hits: &BTreeMap<SourceLocation, usize>) -> BTreeMap<usize, bool> {
    let mut lines = BTreeMap::new();
    for line in lines_of_code(text) {
        let begins = hits.iter().filter(|(region, _)| region.line_start == line);
        let count = begins.map(|(_, count)| *count).max().or_else(|| {
            hits.iter()
                .filter(|(region, _)| region.line_start < line && line <= region.line_end)
                .max_by_key(|(region, _)| (region.line_start, region.column_start))
                .map(|(_, count)| *count)
        });
        lines.extend(count.map(|count| (line, count > 0)));
    }
    lines
}

/// Numbers, from 1, of the lines that are neither blank, nor comment, nor in a test module.
fn lines_of_code(text: &str) -> Vec<usize> {
    let mut numbers = Vec::new();
    let mut is_test_next = false;
    let mut is_in_tests = false;
    for (index, line) in text.lines().enumerate() {
        if line == "#[cfg(test)]" {
            is_test_next = true;
            continue;
        }
        if is_test_next {
            is_in_tests = line.starts_with("mod ") && line.ends_with('{');
            is_test_next = line.starts_with("#[");
        }
        let code = line.trim();
        if !is_in_tests && !code.is_empty() && !code.starts_with("//") {
            numbers.push(index + 1);
        }
        if line == "}" {
            is_in_tests = false;
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(start: (usize, usize), end: (usize, usize)) -> SourceLocation {
        SourceLocation {
            line_start: start.0,
            column_start: start.1,
            line_end: end.0,
            column_end: end.1,
        }
    }

    #[test]
    fn tests_and_what_serves_them_are_test_code() {
        for path in [
            "engine/tests.rs",
            "writer/tests/a.rs",
            "testing/store.rs",
            "testing.rs",
        ] {
            assert!(is_test_code(Path::new(path)), "{path}");
        }
        for path in ["lib.rs", "engine/actor.rs", "latest.rs"] {
            assert!(!is_test_code(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn blank_lines_comments_and_the_test_module_are_no_code() {
        let text = "//! About.\n\nfn a() {\n    // why\n    b();\n}\n\n#[cfg(test)]\nmod tests;\n\
                    fn c() {}\n#[cfg(test)]\nmod more {\n    fn d() {}\n}\nfn e() {}\n";
        assert_eq!(lines_of_code(text), [3, 5, 6, 9, 10, 15]);
    }

    #[test]
    fn the_region_that_begins_on_a_line_decides_and_else_the_innermost_one() {
        let text = "a\nb\nc\nd\ne\n";
        let hits = BTreeMap::from([(region((1, 1), (4, 1)), 3), (region((2, 5), (3, 9)), 0)]);
        let expected = [(1, true), (2, false), (3, false), (4, true)];
        assert_eq!(covered(text, &hits), BTreeMap::from(expected));
    }
}
