use comfy_table::{CellAlignment, Table, presets};

/// A table for people: columns named `>so` are aligned to the right.
pub(crate) fn table<const N: usize>(
    columns: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::ASCII_MARKDOWN)
        .set_header(columns.map(|column| column.trim_start_matches('>')));
    for (index, column) in columns.iter().enumerate() {
        if column.starts_with('>')
            && let Some(column) = table.column_mut(index)
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    rows.into_iter().for_each(|row| {
        table.add_row(row);
    });
    table
}

/// A number with four significant digits, never in exponents: `0.2279`,
/// `185.4`, `12345`.
pub(crate) fn figure(value: f64) -> String {
    const SIGNIFICANT: i32 = 4;
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor() as i32;
    let decimals = (SIGNIFICANT - 1 - magnitude).clamp(0, 9);
    format!("{value:.*}", decimals.unsigned_abs() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_four_significant_digits() {
        let cases = [
            (0.0, "0"),
            (0.227_86, "0.2279"),
            (185.4007, "185.4"),
            (12_345.6, "12346"),
            (1.0, "1.000"),
        ];
        for (value, text) in cases {
            assert_eq!(figure(value), text);
        }
    }
}
