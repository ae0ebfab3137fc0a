//! Counts tests in the output of `cargo test`.

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) sqlite: u64,
    pub(crate) postgres: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.sqlite += other.sqlite;
        self.postgres += other.postgres;
    }

    pub(crate) fn read(&mut self, line: &str) {
        if line.starts_with("test result:") {
            self.passed += number_before(" passed", line);
            self.failed += number_before(" failed", line);
        } else if line.ends_with("::sqlite ... ok") {
            self.sqlite += 1;
        } else if line.ends_with("::postgres ... ok") {
            self.postgres += 1;
        }
    }
}

fn number_before(word: &str, line: &str) -> u64 {
    let before = line.split_once(word).map_or("", |(before, _)| before);
    before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_summed_and_engines_are_counted() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests",
            "test tasks::a_list_is_empty::sqlite ... ok",
            "test tasks::a_list_is_empty::postgres ... ok",
            "test tasks::a_title_is_needed::postgres ... FAILED",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out",
            "test result: ok. 10 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out",
        ] {
            tally.read(line);
        }
        assert_eq!(tally, Tally { passed: 12, failed: 1, sqlite: 1, postgres: 1 });
    }
}
