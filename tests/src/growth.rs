//! Measures whether cost grows in line with work: with more live tasks, more keys, more peers.

use crate::{Cluster, clock, measure::Row, start::guest, start_tracker, until};
use sandlot_client::Client;
use sandlot_compute::{Compute, ComputeConfig, Run, RunLimits};
use sandlot_protocol::{
    Outcome, Reply, Request, raw_json,
    request::{GetMem, SetMem},
};
use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;

const LIVE: [usize; 5] = [1, 10, 100, 1000, 5000];
const KEYS: [usize; 4] = [1000, 10_000, 100_000, 1_000_000];
const PEERS: [usize; 4] = [10, 100, 1000, 10_000];
/// Tasks measured one by one, and tasks submitted together.
const STARTS: usize = 100;
const TOGETHER: usize = 400;
/// Requests of one measurement, and how many are under way.
const REQUESTS: usize = 10_000;
const LANES: usize = 64;
const SLEEPER: &str = "import time\ndef main(): time.sleep(3600)";
const HOUR: Duration = Duration::from_secs(3600);
const TRIVIAL: &str = "def main(): return 1";

/// The rows of `scripts/bench growth`.
pub async fn growth() -> Vec<Row> {
    let mut rows = live().await;
    rows.extend(keys().await);
    rows.extend(peers().await);
    rows
}

async fn live() -> Vec<Row> {
    // One submitter does not get all of the room.
    let room = 2 * (LIVE.iter().max().copied().unwrap_or_default() + TOGETHER);
    let config = ComputeConfig { live_runs_max: room, memory_bytes_max: u64::MAX / 2, ..ComputeConfig::default() };
    let compute = Compute::start(config, guest()).expect("workers start");
    let trivial = || compute.submit(Run::new(TRIVIAL)).expect("there is room");
    let (mut rows, mut sleepers) = (Vec::new(), Vec::new());
    for count in LIVE {
        let limits = RunLimits { timeout: HOUR, ..RunLimits::default() };
        let sleeper = || Run { limits: limits.clone(), ..Run::new(SLEEPER) };
        sleepers.extend((sleepers.len()..count).map(|_| compute.submit(sleeper()).expect("there is room")));
        until("all of them sleep", async || compute.status().waiting == count).await;
        let mut took = Vec::new();
        for _ in 0..STARTS {
            until("there is a sandbox in stock", async || compute.status().prepared > 0).await;
            let started = clock::now();
            assert_eq!(trivial().wait().await.outcome, Outcome::Ok);
            took.push(started.elapsed().as_secs_f64() * 1e3);
        }
        let started = clock::now();
        for mut handle in (0..TOGETHER).map(|_| trivial()).collect::<Vec<_>>() {
            assert_eq!(handle.wait().await.outcome, Outcome::Ok);
        }
        let rate = TOGETHER as f64 / started.elapsed().as_secs_f64();
        rows.push(Row::of(format!("{count} live tasks: start, p50"), &mut took, 0.5, "ms"));
        rows.push(Row::new(format!("{count} live tasks: trivial tasks"), rate, "tasks/s", TOGETHER));
    }
    rows
}

/// Asks these, so many at one time; how many a second were answered.
async fn rate(client: &Arc<Client>, count: usize, request: impl Fn(usize) -> Request + Clone + Send + 'static) -> f64 {
    let started = clock::now();
    let mut asking = JoinSet::new();
    for lane in 0..LANES {
        let (client, request) = (Arc::clone(client), request.clone());
        asking.spawn(async move {
            for number in (lane..count).step_by(LANES) {
                let reply = client.ask(&request(number)).await.expect("a node answers");
                assert!(!matches!(reply, Reply::Error(_)), "{reply:?}");
            }
        });
    }
    asking.join_all().await;
    count as f64 / started.elapsed().as_secs_f64()
}

fn set(number: usize) -> Request {
    let (key, value) = (format!("key:{number}").parse().expect("a key"), raw_json(number.to_string()).expect("JSON"));
    Request::SetMem(SetMem { key, value, ttl_ms: None, if_version: None })
}

fn get(number: usize) -> Request {
    Request::GetMem(GetMem { key: format!("key:{number}").parse().expect("a key") })
}

/// Numbers all over `0..count`.
fn scattered(number: usize, count: usize) -> usize {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % count
}

async fn keys() -> Vec<Row> {
    let cluster = Cluster::with(1, &["--memory-quota-bytes", "4000000000"]).await;
    let client = Arc::new(cluster.client(0));
    let (mut rows, mut had) = (Vec::new(), 0);
    for count in KEYS {
        rate(&client, count - had, move |number| set(had + number)).await;
        had = count;
        let sets = rate(&client, REQUESTS, move |number| set(scattered(number, count))).await;
        let gets = rate(&client, REQUESTS, move |number| get(scattered(number, count))).await;
        rows.push(Row::new(format!("{count} keys: SET"), sets, "1/s", REQUESTS));
        rows.push(Row::new(format!("{count} keys: GET"), gets, "1/s", REQUESTS));
    }
    rows
}

/// What a peer with this number tells the tracker. Its lease is long enough for all of them to be there meanwhile.
fn told(number: usize, kind: &str) -> Request {
    let (port, load) = (20_000 + number, (number % 100) as f64 / 100.0);
    let text = format!(r#"{{"type":"{kind}","port":{port},"cpu_load":{load},"heartbeat_ms":600000}}"#);
    Request::parse(&text).request.expect("a request")
}

async fn peers() -> Vec<Row> {
    let tracker = start_tracker(0).await;
    let client = Arc::new(tracker.client());
    let (mut rows, mut had) = (Vec::new(), 0);
    for count in PEERS {
        rate(&client, count - had, move |number| told(had + number, "REGISTER")).await;
        had = count;
        let reports = rate(&client, REQUESTS, move |number| told(scattered(number, count), "UPDATE_LOAD")).await;
        let question = |_| Request::parse(r#"{"type":"GET_BEST_PEER"}"#).request.expect("a request");
        let best = rate(&client, REQUESTS / 10, question).await;
        rows.push(Row::new(format!("{count} peers: load reports"), reports, "1/s", REQUESTS));
        rows.push(Row::new(format!("{count} peers: questions for the best one"), best, "1/s", REQUESTS / 10));
    }
    rows
}
