//! Measures the time to serialize a page of tasks as JSON, compared with copying the same number of
//! bytes.
//!
//! `cargo bench -p task-service --features bench`

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop here")]

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use task_service::bench::Page;

fn write(c: &mut Criterion) {
    let page = Page::of(50);
    let json = page.json().unwrap();
    let mut group = c.benchmark_group("listing");
    group.bench_function("50 tasks as JSON", |b| b.iter(|| black_box(&page).json().unwrap()));
    group.bench_function("ceiling: a copy of it", |b| b.iter(|| black_box(&json).clone()));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(3));
    targets = write
}
criterion_main!(benches);
