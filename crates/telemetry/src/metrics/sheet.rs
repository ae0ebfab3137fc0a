//! Collects the metrics of one scrape and encodes them.

use std::{fmt, time::Duration};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, NoLabelSet, prometheus_text},
    metrics::MetricType,
    registry::Registry,
};

use super::{Totals, histogram::BOUNDS};

pub(super) const MEDIA_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// Label names and values. Values must be few, and neither secret nor personal.
pub type Labels = Vec<(&'static str, String)>;

/// Value of a metric.
#[derive(Clone, Debug)]
pub enum Value {
    Count(u64),
    Seconds(Duration),
    Durations(Totals),
}

impl From<u64> for Value {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<usize> for Value {
    fn from(count: usize) -> Self {
        Self::Count(u64::try_from(count).unwrap_or(u64::MAX))
    }
}

impl From<bool> for Value {
    fn from(is_true: bool) -> Self {
        Self::Count(is_true.into())
    }
}

impl From<Duration> for Value {
    fn from(duration: Duration) -> Self {
        Self::Seconds(duration)
    }
}

impl From<Totals> for Value {
    fn from(totals: Totals) -> Self {
        Self::Durations(totals)
    }
}

/// The metrics of a scrape. A name includes the unit (seconds or bytes), if the metric has one.
/// `_total` is appended to the names of counters.
#[derive(Debug, Default)]
pub struct Sheet(Registry);

impl Sheet {
    /// Adds a counter, whose value never decreases while the process runs.
    pub fn counter(&mut self, name: &'static str, help: &'static str, value: impl Into<Value>) {
        self.counters(name, help, [(vec![], value)]);
    }

    pub fn counters<V: Into<Value>>(
        &mut self,
        name: &'static str,
        help: &'static str,
        samples: impl IntoIterator<Item = (Labels, V)>,
    ) {
        self.add(name, help, MetricType::Counter, samples);
    }

    /// Adds a gauge, whose value can also decrease.
    pub fn gauge(&mut self, name: &'static str, help: &'static str, value: impl Into<Value>) {
        self.gauges(name, help, [(vec![], value)]);
    }

    pub fn gauges<V: Into<Value>>(
        &mut self,
        name: &'static str,
        help: &'static str,
        samples: impl IntoIterator<Item = (Labels, V)>,
    ) {
        self.add(name, help, MetricType::Gauge, samples);
    }

    /// Adds a histogram of durations.
    pub fn histogram(&mut self, name: &'static str, help: &'static str, value: impl Into<Value>) {
        self.histograms(name, help, [(vec![], value)]);
    }

    pub fn histograms<V: Into<Value>>(
        &mut self,
        name: &'static str,
        help: &'static str,
        samples: impl IntoIterator<Item = (Labels, V)>,
    ) {
        self.add(name, help, MetricType::Histogram, samples);
    }

    fn add<V: Into<Value>>(
        &mut self,
        name: &'static str,
        help: &'static str,
        kind: MetricType,
        samples: impl IntoIterator<Item = (Labels, V)>,
    ) {
        let samples = samples.into_iter().map(|(labels, value)| (labels, value.into()));
        let family = Family { name, help, kind, samples: samples.collect() };
        self.0.register_collector(Box::new(family));
    }

    /// Encodes the metrics in the Prometheus text format.
    pub(super) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.0)?;
        Ok(text)
    }
}

/// All series of a metric.
#[derive(Debug)]
struct Family {
    name: &'static str,
    help: &'static str,
    kind: MetricType,
    samples: Vec<(Labels, Value)>,
}

impl Collector for Family {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut family = encoder.encode_descriptor(self.name, self.help, None, self.kind)?;
        for (labels, value) in &self.samples {
            let mut metric = family.encode_family(labels)?;
            match (self.kind, value) {
                (MetricType::Counter, Value::Count(count)) => {
                    metric.encode_counter::<NoLabelSet, _, u64>(count, None)?;
                }
                (MetricType::Counter, Value::Seconds(duration)) => {
                    metric.encode_counter::<NoLabelSet, _, u64>(&duration.as_secs_f64(), None)?;
                }
                (_, Value::Count(count)) => metric.encode_gauge(count)?,
                (_, Value::Seconds(duration)) => metric.encode_gauge(&duration.as_secs_f64())?,
                (_, Value::Durations(Totals { buckets, sum })) => {
                    let bounds = BOUNDS.iter().map(Duration::as_secs_f64).chain([f64::INFINITY]);
                    let buckets: Vec<_> = bounds.zip(buckets.iter().copied()).collect();
                    let count = buckets.iter().map(|(_, count)| count).sum();
                    metric.encode_histogram::<NoLabelSet>(
                        sum.as_secs_f64(),
                        count,
                        &buckets,
                        None,
                    )?;
                }
            }
        }
        Ok(())
    }
}
