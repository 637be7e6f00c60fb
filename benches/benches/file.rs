//! The cases of files for `cargo bench -p benches`: a criterion group for each case, a line for each subject.

use std::time::Duration;

use benches::file::{Case, Folder, SUBJECTS};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Bytes of the file that is read.
const SIZE: u64 = 256 << 20;

fn files(criterion: &mut Criterion) {
    let directory =
        tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder can be made");
    let folder = Folder::new(directory.path());
    println!("{}", folder.prepare(SIZE).expect("there is room"));
    for case in Case::all() {
        if case.is_direct() && folder.is_direct().is_err() {
            continue;
        }
        let mut group = criterion.benchmark_group(case.to_string());
        group
            .throughput(Throughput::Elements(case.operations()))
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(1));
        for subject in SUBJECTS {
            group.bench_function(subject.name, |bencher| {
                bencher.iter_custom(|iterations| (subject.time)(&folder, case, iterations).elapsed);
            });
        }
    }
}

criterion_group!(benches, files);
criterion_main!(benches);
