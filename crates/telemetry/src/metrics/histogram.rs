//! Histograms of durations.

use std::{
    ops::AddAssign,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Upper bounds of the buckets, from in-memory work to timeouts.
pub(super) const BOUNDS: [Duration; 16] = [
    Duration::from_micros(100),
    Duration::from_micros(250),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2500),
    Duration::from_secs(5),
    Duration::from_secs(10),
];
/// Number of buckets, the last of which is unbounded.
const BUCKETS: usize = BOUNDS.len() + 1;

/// Number of durations per bucket, and their sum. An observation takes at most two lock-free
/// additions.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    nanos: AtomicU64,
}

/// Values of a histogram at one point in time.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Counts per bucket, not cumulative.
    pub(super) buckets: [u64; BUCKETS],
    pub(super) sum: Duration,
}

impl Histogram {
    pub fn observe(&self, elapsed: Duration) {
        let index = BOUNDS.partition_point(|bound| *bound < elapsed);
        if let Some(bucket) = self.buckets.get(index) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        let nanos = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        if nanos > 0 {
            self.nanos.fetch_add(nanos, Ordering::Relaxed);
        }
    }

    pub fn totals(&self) -> Totals {
        Totals {
            buckets: self.buckets.each_ref().map(|bucket| bucket.load(Ordering::Relaxed)),
            sum: Duration::from_nanos(self.nanos.load(Ordering::Relaxed)),
        }
    }
}

impl AddAssign<&Self> for Totals {
    fn add_assign(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += theirs;
        }
        self.sum += other.sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_counted_in_the_first_bucket_whose_bound_it_does_not_exceed() {
        let histogram = Histogram::default();
        for (elapsed, bucket) in [
            (Duration::ZERO, 0),
            (BOUNDS[0], 0),
            (BOUNDS[0] + Duration::from_nanos(1), 1),
            (Duration::from_millis(5), 5),
            (Duration::from_secs(10), 15),
            (Duration::from_secs(11), 16),
            (Duration::MAX, 16),
        ] {
            let before = histogram.totals().buckets[bucket];
            histogram.observe(elapsed);
            assert_eq!(histogram.totals().buckets[bucket], before + 1, "{elapsed:?}");
        }
    }
}
