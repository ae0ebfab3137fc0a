//! Distribution of a process's connections among their uses.

use std::{num::NonZero, thread::available_parallelism};

/// Maximum number of lanes for reads per thread. Reads are short, so two lanes keep a thread busy.
const READS_PER_THREAD: usize = 2;
/// Maximum number of lanes for writes. Writes wait for the disk. PostgreSQL executes the writes of
/// one lane one after the other, but those of several lanes can share a disk sync.
const MAX_WRITES: usize = 16;
const MAX_EXCLUSIVE: usize = 16;
/// Minimum number of connections with which background tasks get their own lane for reads and one
/// for writes. With fewer connections, they use the lanes of the requests.
const MIN_CONNECTIONS_FOR_BACKGROUND: usize = 16;

/// Number of connections for each use, and number of threads that share them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shares {
    pub(super) threads: usize,
    pub(super) reads: usize,
    pub(super) writes: usize,
    pub(super) exclusive: usize,
    /// Number of lanes for background tasks.
    pub(super) background: usize,
}

impl Shares {
    pub(super) fn of(max_connections: u16) -> Self {
        let threads = available_parallelism().map_or(1, NonZero::get);
        Self::for_threads(usize::from(max_connections), threads)
    }

    fn for_threads(max_connections: usize, threads: usize) -> Self {
        let background = if max_connections < MIN_CONNECTIONS_FOR_BACKGROUND { 0 } else { 2 };
        // One connection is reserved for readiness checks.
        let all = max_connections.saturating_sub(1 + background);
        let reads = (all / 4).clamp(1, READS_PER_THREAD * threads);
        let exclusive = (all * 2 / 5).clamp(2, MAX_EXCLUSIVE);
        let writes = all.saturating_sub(reads + exclusive).clamp(1, MAX_WRITES);
        Self { threads, reads, writes, exclusive, background }
    }
}

#[cfg(test)]
mod tests {
    use super::Shares;

    #[test]
    fn the_shares_never_exceed_the_maximum() {
        for max_connections in 5..200 {
            for threads in [1, 2, 8, 64] {
                let Shares { reads, writes, exclusive, background, .. } =
                    Shares::for_threads(max_connections, threads);
                let all = reads + writes + exclusive + background + 1;
                assert!(
                    all <= max_connections,
                    "{all} of {max_connections} with {threads} threads"
                );
            }
        }
    }
}
