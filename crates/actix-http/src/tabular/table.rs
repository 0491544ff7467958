//! Answers as tables: comma-separated values with a header (RFC 4180), for
//! spreadsheets.

use csv::{Terminator, WriterBuilder};

use crate::wire::Example;

/// What can be shown as rows. Its example has at least one.
pub(crate) trait Tabular: Example {
    /// Its rows. All rows of a type have the same columns.
    fn rows(&self) -> Vec<Row>;
}

impl<T: Tabular> Tabular for Vec<T> {
    fn rows(&self) -> Vec<Row> {
        self.iter().flat_map(T::rows).collect()
    }
}

/// One row: each cell with the name of its column.
pub(crate) type Row = Vec<(&'static str, Cell)>;

/// One cell, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell(String);

impl From<&str> for Cell {
    /// A text. A spreadsheet would take one that begins like a formula for one,
    /// and calculate what a stranger wrote: it gets an apostrophe before it.
    fn from(text: &str) -> Self {
        let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
        Self(if is_formula { format!("'{text}") } else { text.to_owned() })
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

/// Numbers and truth values need no care.
macro_rules! plain {
    ($($type:ty),*) => {
        $(impl From<$type> for Cell {
            fn from(value: $type) -> Self {
                Self(value.to_string())
            }
        })*
    };
}
plain!(f64, u64, usize, bool);

impl<T: Into<Cell>> From<Option<T>> for Cell {
    /// What is unknown is an empty cell.
    fn from(value: Option<T>) -> Self {
        value.map_or_else(|| Self(String::new()), Into::into)
    }
}

/// The bytes of a table.
pub(crate) fn csv_of<T: Tabular>(data: &T) -> Vec<u8> {
    const IN_MEMORY: &str = "writing to memory does not fail";
    let mut writer =
        WriterBuilder::new().terminator(Terminator::CRLF).flexible(true).from_writer(Vec::new());
    let example = T::example().rows();
    let header = example.first().into_iter().flatten().map(|(column, _)| column);
    writer.write_record(header).expect(IN_MEMORY);
    for row in data.rows() {
        writer.write_record(row.iter().map(|(_, Cell(text))| text)).expect(IN_MEMORY);
    }
    writer.into_inner().expect(IN_MEMORY)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Named(&'static str);

    impl Example for Named {
        fn example() -> Self {
            Self("x")
        }
    }

    impl Tabular for Named {
        fn rows(&self) -> Vec<Row> {
            let unknown: Option<f64> = None;
            vec![vec![("name", self.0.into()), ("value", (-0.5).into()), ("p99", unknown.into())]]
        }
    }

    fn table(names: &[&'static str]) -> String {
        let rows: Vec<_> = names.iter().copied().map(Named).collect();
        String::from_utf8(csv_of(&rows)).unwrap()
    }

    #[test]
    fn a_table_without_rows_has_its_header() {
        assert_eq!(table(&[]), "name,value,p99\r\n");
    }

    #[test]
    fn commas_quotes_and_lines_are_quoted() {
        let expected = "name,value,p99\r\n\"a,b\",-0.5,\r\n\"say \"\"x\"\"\",-0.5,\r\n";
        assert_eq!(table(&["a,b", "say \"x\""]), expected);
        assert!(table(&["a\nb"]).contains("\"a\nb\","));
    }

    #[test]
    fn what_would_be_a_formula_is_a_text() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"] {
            let written = Cell::from(text).0;
            assert_eq!(written, format!("'{text}"));
        }
        assert_eq!(Cell::from("a=b").0, "a=b");
    }
}
