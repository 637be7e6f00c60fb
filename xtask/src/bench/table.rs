//! Tables for people.

/// Lays out `rows` under `header`: the first column to the left, the others to the right.
pub(super) fn layout(header: &[&str], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = (0..header.len())
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells
                .map(|cell| cell.chars().count())
                .chain([header[column].chars().count()])
                .max()
                .unwrap_or(0)
        })
        .collect();
    let header = header.iter().map(ToString::to_string).collect::<Vec<_>>();
    let rule = widths.iter().map(|width| "-".repeat(*width)).collect();
    [&header, &rule]
        .into_iter()
        .chain(rows)
        .map(|row| line(row, &widths))
        .collect()
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut text = String::new();
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        match column {
            0 => text += &format!("{cell:<width$}"),
            _ => text += &format!("  {cell:>width$}"),
        }
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

/// A number with three significant digits or all of its integer part; a dash for none.
pub(super) fn number(value: Option<f64>) -> String {
    let Some(value) = value else {
        return "-".to_owned();
    };
    match value.abs() {
        size if size >= 99.95 || size == 0.0 => format!("{value:.0}"),
        size if size >= 9.995 => format!("{value:.1}"),
        size if size >= 0.9995 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{layout, number};

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            vec!["a".to_owned(), "100".to_owned()],
            vec!["µs".to_owned(), "1".to_owned()],
        ];
        assert_eq!(
            layout(&["who", "n"], &rows),
            "who    n\n---  ---\na    100\nµs     1\n"
        );
    }

    #[test]
    fn numbers_keep_three_digits() {
        for (value, text) in [
            (0.0, "0"),
            (0.0123, "0.012"),
            (1.234, "1.23"),
            (12.34, "12.3"),
            (99.99, "100"),
            (123_456.7, "123457"),
        ] {
            assert_eq!(number(Some(value)), text);
        }
        assert_eq!(number(None), "-");
    }
}
