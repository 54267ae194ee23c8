//! The figures of STATUS in Prometheus' text format, and the answers that supervisors ask for.
//!
//! Names follow <https://prometheus.io/docs/practices/naming/>: base units, `_total` for what only grows.

use super::{WebState, api::Web};
use crate::tasks::START_BOUNDS_MS;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus::{
    TextEncoder,
    proto::{Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType},
};
use sandlot_compute::SLICE_BOUNDS_NS;
use sandlot_net::clock;
use sandlot_protocol::Outcome;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<WebState>> {
    Router::new().route("/metrics", get(metrics)).route("/healthz", get(healthy)).route("/readyz", get(ready))
}

/// The process answers.
async fn healthy() -> &'static str {
    "ok\n"
}

/// It takes tasks: it is not stopping. A peer without its tracker runs tasks by itself, and so is ready.
async fn ready(State(web): Web) -> Response {
    match web.stop.is_cancelled() {
        false => "ready\n".into_response(),
        true => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response(),
    }
}

async fn metrics(State(web): Web) -> Response {
    match TextEncoder::new().encode_to_string(&families(&web)) {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn families(web: &WebState) -> Vec<MetricFamily> {
    let mut families = of_tasks(web);
    families.extend(of_workers(web));
    families.extend(of_node(web));
    families
}

fn of_tasks(web: &WebState) -> Vec<MetricFamily> {
    let tasks = &web.peer.dispatch.tasks;
    let (statistics, totals) = (tasks.statistics(), tasks.totals());
    let outcomes = Outcome::ALL.iter().map(|outcome| {
        let count = statistics.by_outcome.get(outcome.as_str()).copied().unwrap_or(0);
        counted(count as f64, &[("outcome", outcome.as_str())])
    });
    let bounds = START_BOUNDS_MS.iter().map(|bound| bound / 1e3);
    let latency = "From a task's being taken here to its first slice.";
    vec![
        counter("tasks_total", "Tasks that ended, by outcome.", outcomes.collect()),
        one("tasks_live", "Tasks that have not ended.", statistics.live as f64),
        histogram("start_latency_seconds", latency, bounds, &totals.started, totals.queue_ms / 1e3),
        total("fuel_total", "Units of fuel of tasks that ended here.", totals.fuel as f64),
    ]
}

fn of_workers(web: &WebState) -> Vec<MetricFamily> {
    let compute = &web.peer.dispatch.compute;
    let (status, slices) = (compute.status(), compute.slice_durations());
    let states = [
        ("queued", status.queued),
        ("runnable", status.runnable),
        ("running", status.running),
        ("waiting", status.waiting),
    ];
    let states = states.iter().map(|(state, count)| gauged(*count as f64, &[("state", state)]));
    let bounds = SLICE_BOUNDS_NS.iter().map(|bound| *bound as f64 / 1e9);
    let seconds = slices.sum_ns as f64 / 1e9;
    vec![
        gauge("runs", "Tasks on this peer's own workers, by what they do.", states.collect()),
        histogram("slice_duration_seconds", "Time of one turn on a worker.", bounds, &slices.counts, seconds),
        total("busy_seconds_total", "Time that workers spent on tasks.", status.busy_ns as f64 / 1e9),
        one("workers", "Worker threads.", status.workers as f64),
        one("sandboxes_prepared", "Sandboxes that wait for a task.", status.prepared as f64),
        one("task_memory_bytes", "Memory that tasks hold.", status.memory_bytes as f64),
        one("task_memory_max_bytes", "Memory that tasks may hold.", status.memory_bytes_max as f64),
    ]
}

fn of_node(web: &WebState) -> Vec<MetricFamily> {
    let peer = &web.peer;
    let (dispatch, membership) = (&peer.dispatch, &peer.dispatch.membership);
    let (memory, files) = (peer.memory().status(clock::now()), peer.files.status());
    let labels = [("version", env!("CARGO_PKG_VERSION")), ("guest", dispatch.compute.guest().digest())];
    let uptime = clock::now().saturating_duration_since(peer.started).as_secs_f64();
    let load = "The share of the workers' time that was in use during the last heartbeat.";
    let streams = super::STREAMS_MAX - web.streams.available_permits();
    let is_up = f64::from(u8::from(membership.is_reachable()));
    vec![
        gauge("build_info", "The version and the guest of this peer; always 1.", vec![gauged(1.0, &labels)]),
        one("uptime_seconds", "Time since the peer started.", uptime),
        one("load_ratio", load, membership.load()),
        one("tracker_up", "Whether the tracker answered last time.", is_up),
        one("connections", "Open connections of the protocol.", peer.connections.count() as f64),
        one("event_streams", "Open streams of events of the page and the API.", streams as f64),
        one("memory_keys", "Keys in the memory.", memory.keys as f64),
        one("memory_bytes", "Bytes of keys and values.", memory.bytes as f64),
        one("memory_max_bytes", "Bytes of keys and values that there may be.", memory.bytes_max as f64),
        one("files", "Files.", files.files as f64),
        one("files_bytes", "Bytes of files, uploads under way included.", files.bytes as f64),
        one("files_max_bytes", "Bytes of files that there may be.", files.bytes_max as f64),
    ]
}

fn family(name: &str, help: &str, kind: MetricType, metrics: Vec<Metric>) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(format!("sandlot_{name}"));
    family.set_help(help.to_owned());
    family.set_field_type(kind);
    family.set_metric(metrics);
    family
}

fn gauge(name: &str, help: &str, metrics: Vec<Metric>) -> MetricFamily {
    family(name, help, MetricType::GAUGE, metrics)
}

fn one(name: &str, help: &str, value: f64) -> MetricFamily {
    gauge(name, help, vec![gauged(value, &[])])
}

fn counter(name: &str, help: &str, metrics: Vec<Metric>) -> MetricFamily {
    family(name, help, MetricType::COUNTER, metrics)
}

fn total(name: &str, help: &str, value: f64) -> MetricFamily {
    counter(name, help, vec![counted(value, &[])])
}

/// `counts` has one entry for each bound, and one for what is beyond.
fn histogram(name: &str, help: &str, bounds: impl Iterator<Item = f64>, counts: &[u64], sum: f64) -> MetricFamily {
    let mut together = 0;
    let buckets = bounds.zip(counts).map(|(bound, count)| {
        together += count;
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(bound);
        bucket.set_cumulative_count(together);
        bucket
    });
    let mut histogram = Histogram::default();
    histogram.set_bucket(buckets.collect());
    histogram.set_sample_count(counts.iter().sum());
    histogram.set_sample_sum(sum);
    let mut metric = Metric::default();
    metric.set_histogram(histogram);
    family(name, help, MetricType::HISTOGRAM, vec![metric])
}

fn labelled(labels: &[(&str, &str)]) -> Metric {
    let pair = |(name, value): &(&str, &str)| {
        let mut pair = LabelPair::default();
        pair.set_name((*name).to_owned());
        pair.set_value((*value).to_owned());
        pair
    };
    Metric::from_label(labels.iter().map(pair).collect())
}

fn gauged(value: f64, labels: &[(&str, &str)]) -> Metric {
    let mut gauge = Gauge::default();
    gauge.set_value(value);
    let mut metric = labelled(labels);
    metric.set_gauge(gauge);
    metric
}

fn counted(value: f64, labels: &[(&str, &str)]) -> Metric {
    let mut counter = Counter::default();
    counter.set_value(value);
    let mut metric = labelled(labels);
    metric.set_counter(counter);
    metric
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_counts_what_is_beyond_its_bounds() {
        let family = histogram("x_seconds", "X.", [0.1, 1.0].into_iter(), &[2, 3, 4], 9.5);
        let text = TextEncoder::new().encode_to_string(&[family]).unwrap();
        assert_eq!(
            text,
            "# HELP sandlot_x_seconds X.\n# TYPE sandlot_x_seconds histogram\n\
             sandlot_x_seconds_bucket{le=\"0.1\"} 2\nsandlot_x_seconds_bucket{le=\"1\"} 5\n\
             sandlot_x_seconds_bucket{le=\"+Inf\"} 9\nsandlot_x_seconds_sum 9.5\nsandlot_x_seconds_count 9\n"
        );
    }
}
