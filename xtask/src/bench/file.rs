//! The race of files, and the folder that its files stand in for the time being.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::bench::cases;
use crate::bench::flags::Options;
use crate::bench::programs::{self, Programs};
use crate::bench::record::Record;

/// Bytes of a file, in full and in a quick look: many times what the processor caches.
const SIZE: [u64; 2] = [512 << 20, 256 << 20];

/// Runs the race in a folder of its own, which goes when it is over.
pub(super) fn race(programs: &Programs, options: &Options) -> Result<Record> {
    let place = match &options.directory {
        Some(directory) => directory.clone(),
        None => programs.output("file").with_extension(""),
    };
    let folder = Folder::new(&place)?;
    let arguments = ["--directory".to_owned(), folder.0.display().to_string()];
    let size = SIZE[usize::from(options.quick)].to_string();
    // It says what it has found, and fails if there is no room.
    let found = programs::run(
        programs
            .command(cases::FILE.program)
            .args(&arguments)
            .args(["--prepare", &size]),
    )?;
    eprint!("{found}");
    cases::race(cases::FILE, &arguments, programs, options)
}

/// A folder that is removed, with what is in it, when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(place: &Path) -> Result<Folder> {
        let folder = place.join(format!("corio-files-{}", std::process::id()));
        fs::create_dir_all(&folder)
            .map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
        Ok(Folder(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("{} could not be removed: {error}", self.0.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Folder;

    #[test]
    fn a_folder_goes_with_what_is_in_it() {
        let folder = Folder::new(&std::env::temp_dir()).expect("there is room for temporary files");
        let path = folder.0.clone();
        std::fs::write(path.join("data"), "bytes").expect("it was just made");
        drop(folder);
        assert!(!path.exists());
    }
}
