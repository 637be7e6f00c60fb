//! Hands results on: files for programs, a comparison with an earlier run, a page for people.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::Result;
use crate::bench::compare::Comparison;
use crate::bench::flags::{Output, is_stdout};
use crate::bench::results::Results;
use crate::bench::{programs, report};

/// Writes what `output` asks for.
///
/// A file that cannot be written does not keep the others from being written.
pub(super) fn hand_on(output: &Output, results: &Results, baseline: Option<&Results>) -> Result {
    let comparison = baseline.map(|earlier| Comparison::new(earlier, results));
    let mut failed = Vec::new();
    if let Some(path) = &output.json {
        failed.extend(write(path, &results.to_json()?, "the results").err());
    }
    if let Some(path) = &output.csv {
        failed.extend(write(path, &results.to_csv(), "the samples").err());
    }
    if let Some(path) = output.page(programs::results_folder)? {
        let page = report::page(results, comparison.as_ref());
        failed.extend(write(&path, &page, "the page").err());
    }
    if let Some(comparison) = &comparison {
        output.say(&comparison.text());
    }
    match failed.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Writes a file, or to the standard output, and says so.
pub(super) fn write(path: &Path, text: &str, what: &str) -> Result {
    if is_stdout(path) {
        return Ok(std::io::stdout().write_all(text.as_bytes())?);
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    eprintln!("{what}: {}", path.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::write;

    #[test]
    fn folders_are_made_and_a_place_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().expect("there is room for temporary files");
        let path = folder.path().join("a/b.json");
        write(&path, "text", "it").expect("the folder is ours");
        assert_eq!(
            std::fs::read_to_string(&path).expect("just written"),
            "text"
        );
        let error = write(&path.join("c"), "text", "it").expect_err("b.json is no folder");
        assert!(error.to_string().contains("b.json/c cannot be written"));
    }
}
