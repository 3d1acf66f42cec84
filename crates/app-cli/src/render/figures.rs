//! Numbers, sizes, times and tables as people read them.

use crate::{
    language::{self, say},
    screen, text,
};

/// Rows under their heading, each column as wide as its widest cell. A terminal that is too narrow
/// for that gets each row as lines of its own.
pub(super) fn table<const N: usize>(rows: &[[String; N]]) -> String {
    table_within(rows, screen::columns())
}

fn table_within<const N: usize>(rows: &[[String; N]], columns: Option<usize>) -> String {
    const GAP: usize = 2;
    let widths: [usize; N] = std::array::from_fn(|i| {
        rows.iter()
            .map(|row| text::width(&row[i]))
            .max()
            .unwrap_or(0)
    });
    let whole = widths.iter().sum::<usize>() + GAP * (N - 1);
    if columns.is_some_and(|columns| whole > columns) {
        return cards(rows);
    }
    let shown = |row: &[String; N]| {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| text::padded(cell, width))
            .collect();
        cells.join(&" ".repeat(GAP)).trim_end().to_owned()
    };
    rows.iter().map(shown).collect::<Vec<_>>().join("\n")
}

/// Each row as a block of lines, one for each cell behind its heading.
fn cards<const N: usize>(rows: &[[String; N]]) -> String {
    let Some((headings, rows)) = rows.split_first() else {
        return String::new();
    };
    let width = headings.iter().map(|h| text::width(h)).max().unwrap_or(0);
    let line =
        |(heading, cell): (&String, &String)| format!("{}  {cell}", text::padded(heading, width));
    let card = |row: &[String; N]| {
        let lines: Vec<String> = headings.iter().zip(row).map(line).collect();
        lines.join("\n")
    };
    rows.iter().map(card).collect::<Vec<_>>().join("\n\n")
}

/// "1 post", "1,204 posts".
pub fn counted(n: u64, thing: &str) -> String {
    if let Some(text) = language::japanese(&format!("{{n}} {thing}")) {
        return language::filled(text, &[("n", &grouped(n))]);
    }
    format!("{} {thing}{}", grouped(n), if n == 1 { "" } else { "s" })
}

/// "1,204".
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// "0.9 s".
pub fn seconds(ms: u64) -> String {
    let tenths = format!("{}.{}", ms / 1_000, ms % 1_000 / 100);
    say!("{n} s", n = tenths)
}

/// "23 ms".
pub(super) fn milliseconds(ms: u64) -> String {
    if ms == 0 {
        say!("< 1 ms")
    } else {
        say!("{n} ms", n = ms)
    }
}

/// "12 s", "4 min", "3 h", "2 days".
pub(super) fn duration(ms: u64) -> String {
    let secs = ms / 1_000;
    match secs {
        0..=89 => say!("{n} s", n = secs),
        90..=5_399 => say!("{n} min", n = secs / 60),
        5_400..=172_799 => say!("{n} h", n = secs / 3_600),
        _ => say!("{n} days", n = secs / 86_400),
    }
}

/// "640 kB", "1.2 MB", "1.1 GB".
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> [[String; 3]; 3] {
        [
            ["topic", "state", "posts"],
            ["#lobby", "joined", "1,204"],
            ["#東京", "alone", "7"],
        ]
        .map(|row| row.map(str::to_owned))
    }

    #[test]
    fn a_table_that_fits_has_columns() {
        let table = "topic   state   posts\n#lobby  joined  1,204\n#東京   alone   7";
        for columns in [None, Some(80), Some(21)] {
            assert_eq!(table_within(&rows(), columns), table);
        }
    }

    #[test]
    fn on_a_narrow_terminal_each_row_is_a_block_of_lines() {
        let cards = "topic  #lobby\nstate  joined\nposts  1,204\n\n\
                     topic  #東京\nstate  alone\nposts  7";
        assert_eq!(table_within(&rows(), Some(20)), cards);
    }

    #[test]
    fn numbers_are_grouped_and_durations_short() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(seconds(12_345), "12.3 s");
        assert_eq!(duration(89_000), "89 s");
        assert_eq!(duration(240_000), "4 min");
        assert_eq!(duration(7_200_000), "2 h");
        assert_eq!(duration(300_000_000), "3 days");
    }
}
