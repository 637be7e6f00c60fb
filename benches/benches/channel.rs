//! The cases of the channels for `cargo bench -p benches`: a criterion group for each case, a line for each subject.

use std::time::Duration;

use benches::channel::{Case, SUBJECTS};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn channels(criterion: &mut Criterion) {
    for case in Case::all() {
        let mut group = criterion.benchmark_group(case.to_string());
        group
            .throughput(Throughput::Elements(case.operations()))
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(1));
        for subject in SUBJECTS {
            if (subject.time)(case, 1).is_none() {
                continue;
            }
            group.bench_function(subject.name, |bencher| {
                bencher.iter_custom(|iterations| {
                    (subject.time)(case, iterations).expect("it has just been offered")
                });
            });
        }
    }
}

criterion_group!(benches, channels);
criterion_main!(benches);
