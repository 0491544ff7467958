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
