//! What a run may do and what ends it, with the real guest.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod isolation;
mod python;

use sandlot_compute::{Compute, ComputeConfig, Guest, Run, RunLimits, RunReport, WaitsFor};
use sandlot_protocol::{Outcome, raw_json};
use std::{
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

/// The real guest, compiled once for all tests.
fn guest() -> Guest {
    static GUEST: OnceLock<Guest> = OnceLock::new();
    let load = || {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest/target");
        let read = |name: &str| std::fs::read(folder.join(name)).expect("scripts/build-guest makes the guest");
        let (snapshot, code) = (read("snapshot.wasm.zst"), read("code.zst"));
        Guest::load(&snapshot, &code, &folder.join("cache"), &mut |_| {}).expect("the guest loads")
    };
    GUEST.get_or_init(load).clone()
}

fn compute(workers: usize) -> Compute {
    Compute::start(ComputeConfig { workers, live_runs_max: 16, ..ComputeConfig::default() }, guest()).unwrap()
}

async fn run(run: Run) -> RunReport {
    compute(1).submit(run).unwrap().wait().await
}

async fn value(program: &str) -> String {
    let report = run(Run::new(program)).await;
    report
        .value
        .unwrap_or_else(|| panic!("{:?} {:?} {}", report.error, report.exception, report.stderr))
        .get()
        .to_owned()
}

fn script(program: &str) -> Run {
    Run { function: None, ..Run::new(program) }
}

fn limited(program: &str, limits: RunLimits) -> Run {
    Run { limits, ..Run::new(program) }
}

#[tokio::test]
async fn a_value() {
    let mut call = Run::new("def main(a, b, *, c): return [a + b, c]");
    call.args = Some(raw_json("[100000000000000000000000000, 1]".to_owned()).unwrap());
    call.kwargs = Some(raw_json(r#"{"c": "ü\n\u0001"}"#.to_owned()).unwrap());
    let report = run(call).await;
    assert_eq!(report.value.unwrap().get(), r#"[100000000000000000000000001,"ü\n\u0001"]"#);
    assert_eq!((report.outcome, report.error), (Outcome::Ok, None));
    assert!(report.usage.fuel > 1000 && report.usage.slices > 0 && report.usage.peak_memory_bytes > 1 << 20);
}

#[tokio::test]
async fn every_json_value_comes_back() {
    assert_eq!(value("def main(): return None").await, "null");
    assert_eq!(
        value("def main(): return (True, 1.5, -0.0, 1e300, {'a': {1: []}})").await,
        r#"[true,1.5,-0.0,1e300,{"a":{"1":[]}}]"#
    );
    assert_eq!(value("def main(): return 7 ** 6000 % 10 ** 5000 > 0").await, "true");
    assert_eq!(value("def main(): return 10 ** 6000").await.len(), 6001);
}

#[tokio::test]
async fn a_product_by_one_limb_is_the_sum_of_what_was_shifted() {
    let program = "
def main():
    wrong, pattern = [], 0x9e3779b97f4a7c15f39cc0605cedc834 ** 60
    for bits in [*range(62, 68), 127, 128, 129, 191, 192, 1000, 6400]:
        for number in (1 << bits) - 1, 1 << bits, (1 << bits) + 1, pattern >> pattern.bit_length() - bits:
            for factor in 0, 1, 2, 3, 10, (1 << 32) - 1, (1 << 63) + 1, (1 << 64) - 1:
                product = sum(number << place for place in range(64) if factor >> place & 1)
                if (number * factor, factor * number, -number * factor) != (product, product, -product):
                    wrong.append([number, factor])
    return wrong";
    assert_eq!(value(program).await, "[]");
}

#[tokio::test]
async fn what_is_not_json_is_a_type_error() {
    for (expression, message) in [
        ("{1, 2}", "a set is not JSON"),
        ("[0, {'a': b'x'}]", "a bytes is not JSON at the result[1][\"a\"]"),
        ("float('nan')", "NaN is not JSON"),
        ("object()", "an object is not JSON"),
        ("{(1, 2): 3}", "a dict key of type tuple is not JSON"),
    ] {
        let report = run(Run::new(format!("def main(): return {expression}"))).await;
        let exception = report.exception.expect(expression);
        assert_eq!(exception.kind, "TypeError", "{expression}");
        assert!(exception.message.contains(message), "{expression}: {}", exception.message);
    }
    let cycle = run(Run::new("def main():\n    a = []\n    a.append(a)\n    return a")).await;
    assert!(cycle.error.unwrap().contains("contains itself"));
}

#[tokio::test]
async fn an_exception_has_its_traceback() {
    let mut program =
        Run::new("def main():\n    print('before')\n    return inner(0)\n\ndef inner(n):\n    return 1 / n\n");
    program.filename = "app.py".to_owned();
    let report = run(program).await;
    assert_eq!((report.outcome, report.stdout.as_str()), (Outcome::Exception, "before\n"));
    let exception = report.exception.unwrap();
    assert_eq!(report.error.unwrap(), format!("ZeroDivisionError: {}", exception.message));
    let expected = "Traceback (most recent call last):\n  File \"app.py\", line 3, in main\n    return inner(0)\n";
    assert!(exception.traceback.starts_with(expected), "{}", exception.traceback);
    assert!(
        exception.traceback.contains("File \"app.py\", line 6, in inner\n    return 1 / n\n"),
        "{}",
        exception.traceback
    );
    assert!(!exception.traceback.contains("runner"), "{}", exception.traceback);
}

#[tokio::test]
async fn a_program_that_does_not_parse_says_where() {
    let report = run(Run::new("x = 1\ndef main(:\n    pass\n")).await;
    let exception = report.exception.unwrap();
    assert_eq!(exception.kind, "SyntaxError");
    assert!(exception.message.contains("line 2"), "{}", exception.message);
    assert!(exception.traceback.contains("def main(:"), "{}", exception.traceback);
}

#[tokio::test]
async fn a_function_that_is_not_there() {
    let report = run(Run::new("def add(a, b): return a + b\nPI = 3")).await;
    assert_eq!(report.error.unwrap(), "NameError: the program has no function 'main': it defines add");
    let report = run(Run { function: Some("PI".to_owned()), ..Run::new("PI = 3") }).await;
    assert_eq!(report.error.unwrap(), "TypeError: 'PI' is not a function but of type int");
    let report = run(Run::new("def main(a): return a")).await;
    assert!(report.error.unwrap().starts_with("TypeError: main() missing 1 required positional argument"));
}

#[tokio::test]
async fn a_script_has_argv_stdin_and_an_exit_code() {
    let mut program = script(
        "import sys\nif __name__ == '__main__':\n    print(sys.argv, input(), sys.stdin.read())\n    sys.exit(3)\n",
    );
    program.argv = vec!["app.py".to_owned(), "x".to_owned()];
    program.stdin = "one\ntwo".to_owned();
    let report = run(program).await;
    assert_eq!(report.stdout, "['app.py', 'x'] one two\n");
    assert_eq!((report.exit_code, report.outcome), (Some(3), Outcome::Exception));
    let report = run(script("import sys; sys.exit('no such thing')")).await;
    assert_eq!((report.exit_code, report.stderr.as_str()), (Some(1), "no such thing\n"));
    let report = run(script("import os; os._exit(5)")).await;
    assert_eq!(report.exit_code, Some(5));
    let report = run(script("exit()")).await;
    assert_eq!((report.outcome, report.exit_code), (Outcome::Ok, Some(0)));
    let report = run(script("1 + 1")).await;
    assert_eq!((report.outcome, report.value.unwrap().get()), (Outcome::Ok, "null"));
}

#[tokio::test]
async fn random_differs_and_clock_and_entropy_are_real() {
    let program =
        "import random, os, time, uuid\ndef main(): return [random.random(), os.urandom(4).hex(), str(uuid.uuid4())]";
    assert_ne!(value(program).await, value(program).await);
    let year = value("import datetime\ndef main(): return datetime.date.today().year").await;
    assert!(year.parse::<u32>().unwrap() >= 2026, "{year}");
}

#[tokio::test]
async fn nothing_of_the_host_is_there() {
    let program = "import os\ndef main():\n    try:\n        open('/etc/passwd')\n    except OSError as error:\n        return [type(error).__name__, {key: value for key, value in os.environ.items() if (key, value) != ('HOME', '/work')}]";
    assert!(
        ["[\"FileNotFoundError\",{}]", "[\"PermissionError\",{}]", "[\"OSError\",{}]"]
            .contains(&value(program).await.as_str())
    );
    let program = "import socket\ndef main(): socket.create_connection(('127.0.0.1', 1))";
    assert_eq!(run(Run::new(program)).await.outcome, Outcome::Exception);
}

#[tokio::test]
async fn output_is_cut_at_its_limit_and_the_program_goes_on() {
    let limits = RunLimits { output_bytes: 10, ..RunLimits::default() };
    let report = run(limited("def main():\n    print('x' * 100)\n    return 5", limits)).await;
    assert_eq!((report.stdout.as_str(), report.truncated), ("xxxxxxxxxx", true));
    assert_eq!((report.outcome, report.value.unwrap().get()), (Outcome::Ok, "5"));
}

#[tokio::test]
async fn a_result_that_is_too_large_is_refused() {
    let limits = RunLimits { result_bytes: 100, ..RunLimits::default() };
    let report = run(limited("def main(): return 'x' * 99", limits.clone())).await;
    assert_eq!(report.outcome, Outcome::OutputLimit);
    assert!(report.error.unwrap().contains("limit is 100 bytes"));
    let report = run(limited("def main(): return 'x' * 98", limits)).await;
    assert_eq!(report.outcome, Outcome::Ok);
}

#[tokio::test]
async fn memory_is_capped() {
    let limits = RunLimits { memory_bytes: 128 << 20, ..RunLimits::default() };
    for program in [
        "def main(): return len('x' * 10 ** 9)",
        "def main():\n    a = []\n    while True: a.append('x' * 10 ** 6)",
        "def main():\n    a = []\n    while True: a.append([len(a)])",
        "def main():\n    a = {}\n    while True: a[len(a)] = len(a)",
    ] {
        let report = run(limited(program, limits.clone())).await;
        assert_eq!(report.outcome, Outcome::MemoryLimit, "{program}: {:?}", report.error);
        assert!(report.usage.peak_memory_bytes <= 128 << 20);
        assert!(report.error.unwrap().contains("limit of 134217728 bytes"));
    }
    let caught = "def main():\n    try:\n        'x' * 10 ** 9\n    except MemoryError:\n        return 'caught'";
    assert_eq!(run(limited(caught, limits)).await.value.unwrap().get(), "\"caught\"");
}

#[tokio::test]
async fn fuel_is_a_budget() {
    let limits = RunLimits { fuel: 50_000_000, ..RunLimits::default() };
    let report = run(limited("def main():\n    while True: pass", limits)).await;
    assert_eq!(report.outcome, Outcome::FuelLimit);
    assert_eq!(report.usage.fuel, 50_000_000);
    assert!(report.error.unwrap().contains("50000000 units"));
}

#[tokio::test]
async fn the_deadline_ends_loops_and_sleeps() {
    let limits = RunLimits { timeout: Duration::from_millis(200), ..RunLimits::default() };
    for program in [
        "def main():\n    print('started')\n    while True: pass",
        "import time\ndef main():\n    print('started')\n    time.sleep(3600)",
    ] {
        let report = run(limited(program, limits.clone())).await;
        assert_eq!((report.outcome, report.stdout.as_str()), (Outcome::Timeout, "started\n"), "{program}");
        assert!(report.usage.wall_ms >= 200.0, "{:?}", report.usage);
        assert!(report.error.unwrap().contains("longer than its 0.2 s"));
    }
}

#[tokio::test]
async fn a_short_task_finishes_beside_two_endless_loops() {
    let compute = compute(1);
    let endless: Vec<_> =
        (0..2).map(|_| compute.submit(Run::new("def main():\n    while True: pass")).unwrap()).collect();
    let report = compute.submit(Run::new("def main(): return sum(range(100000))")).unwrap().wait().await;
    assert_eq!(report.value.unwrap().get(), "4999950000");
    let status = compute.status();
    assert!(status.runnable + status.running >= 2, "{status:?}");
    drop(endless);
    let report = compute.submit(Run::new("def main(): return 1")).unwrap().wait().await;
    assert_eq!(report.outcome, Outcome::Ok);
}

#[tokio::test]
async fn a_sleeping_task_takes_no_turns() {
    let compute = compute(1);
    let mut sleeper =
        compute.submit(Run::new("import time\ndef main():\n    time.sleep(0.3)\n    return 'slept'")).unwrap();
    let report = compute.submit(Run::new("def main(): return 1")).unwrap().wait().await;
    assert!(report.usage.wall_ms < 300.0, "{:?}", report.usage);
    let slept = sleeper.wait().await;
    assert_eq!(slept.value.unwrap().get(), "\"slept\"");
    assert!(slept.usage.slices < 50 && slept.usage.wall_ms >= 300.0, "{:?}", slept.usage);
}

#[tokio::test]
async fn a_cancelled_run_keeps_what_it_printed() {
    let compute = compute(1);
    let mut run = compute.submit(Run::new("def main():\n    print('here')\n    while True: pass")).unwrap();
    assert_eq!(run.probe().stdout().next(0).await, b"here\n");
    run.cancel();
    let report = run.wait().await;
    assert_eq!((report.outcome, report.stdout.as_str()), (Outcome::Cancelled, "here\n"));
}

#[tokio::test]
async fn more_runs_than_sandboxes_wait_and_more_than_the_queue_are_refused() {
    let config = ComputeConfig { workers: 1, live_runs_max: 1, queued_runs_max: 1, ..ComputeConfig::default() };
    let compute = Compute::start(config, guest()).unwrap();
    let endless = compute.submit(Run::new("def main():\n    while True: pass")).unwrap();
    let mut queued = compute.submit(Run::new("def main(): return 1")).unwrap();
    let refused = compute.submit(Run::new("def main(): return 2")).unwrap_err();
    assert_eq!((refused.queued, refused.max), (1, 1));
    assert_eq!(compute.status().queued, 1);
    drop(endless);
    assert_eq!(queued.wait().await.value.unwrap().get(), "1");
}

#[tokio::test]
async fn stopping_ends_every_run() {
    let compute = compute(2);
    let mut runs: Vec<_> =
        (0..10).map(|_| compute.submit(Run::new("def main():\n    while True: pass")).unwrap()).collect();
    compute.stop();
    for run in &mut runs {
        assert_eq!(run.wait().await.outcome, Outcome::Cancelled);
    }
    assert_eq!(compute.submit(Run::new("def main(): return 1")).unwrap().wait().await.outcome, Outcome::Cancelled);
}

#[tokio::test]
async fn deep_recursion_is_a_recursion_error() {
    for program in [
        "def main():\n    return main()",
        "class A:\n    def __add__(self, other): return self + other\ndef main(): return A() + A()",
        "class A:\n    def __repr__(self): return repr(self)\ndef main(): return repr(A())",
        "class A:\n    def __eq__(self, other): return self == other\ndef main(): return A() == A()",
        "def main():\n    a = []\n    for _ in range(100000): a = [a]\n    return repr(a)",
        "import json\ndef main():\n    a = []\n    for _ in range(100000): a = [a]\n    return json.dumps(a)",
        "import json\ndef main(): return json.loads('[' * 100000)",
        "def key(x): return sorted([2, 1], key=key)\ndef main(): return key(1)",
    ] {
        let report = run(Run::new(program)).await;
        let kind = report.exception.map(|exception| exception.kind);
        assert_eq!(kind.as_deref(), Some("RecursionError"), "{program}: {:?}", report.error);
    }
}

#[tokio::test]
async fn a_program_that_breaks_its_own_tools_ends_as_a_program() {
    let report = run(script("import sys\nsys.stderr.close()\nsys.exit('bye')")).await;
    assert_eq!((report.outcome, report.exit_code), (Outcome::Exception, Some(1)));
    let broken = "import builtins\nfor name in list(vars(builtins)): setattr(builtins, name, None)\n1 / 0";
    assert_eq!(run(script(broken)).await.outcome, Outcome::Exception);
    let report = run(Run::new("import os\ndef main(): return len(os.urandom(100_000_000))")).await;
    assert_eq!(report.value.map(|value| value.get().to_owned()).as_deref(), Some("100000000"), "{:?}", report.error);
}

#[tokio::test]
async fn each_limit_says_what_it_was_what_was_used_and_what_sets_it() {
    let check = async |program: &str, limits: RunLimits, outcome: Outcome, parts: &[&str]| {
        let report = run(limited(program, limits)).await;
        let error = report.error.unwrap_or_default();
        assert_eq!(report.outcome, outcome, "{error}");
        for part in parts {
            assert!(error.contains(part), "{part:?}: {error}");
        }
    };
    let default = RunLimits::default;
    let endless = "def main():\n    while True: pass";
    let limits = RunLimits { cpu: Duration::from_millis(40), ..default() };
    check(endless, limits, Outcome::Timeout, &["may use 40", "limits.cpu_ms"]).await;
    let limits = RunLimits { timeout: Duration::from_millis(50), ..default() };
    check(endless, limits, Outcome::Timeout, &["0.05 s", "on a processor", "timeout sets"]).await;
    let limits = RunLimits { fuel: 100_000_000, ..default() };
    check(endless, limits, Outcome::FuelLimit, &["100000000 units", "limits.fuel"]).await;
    let limits = RunLimits { memory_bytes: 100_000_000, ..default() };
    let grows = "def main(): return len(bytearray(200_000_000))";
    check(grows, limits, Outcome::MemoryLimit, &["asked for 2", "100000000 bytes", "limits.memory_bytes"]).await;
    let limits = RunLimits { output_bytes: 10, output_stops: true, ..default() };
    let prints = "def main():\n    while True: print('0123456789')";
    check(prints, limits, Outcome::OutputLimit, &["10 bytes", "limits.output_bytes", "limits.output_stops"]).await;
    let limits = RunLimits { result_bytes: 10, ..default() };
    check("def main(): return 'x' * 100", limits, Outcome::OutputLimit, &["102 bytes", "limit is 10 bytes"]).await;
    let deep = "def main():\n    a = []\n    for _ in range(300): a = [a]\n    return a";
    check(deep, default(), Outcome::Exception, &["deeper than 200"]).await;
}

#[tokio::test]
async fn the_timeline_shows_each_turn_of_each_run() {
    let compute = compute(1);
    let named = |label: &str| Run { label: label.into(), ..Run::new("def main(): return sum(range(3_000_000))") };
    let (mut one, mut other) = (compute.submit(named("one")).unwrap(), compute.submit(named("other")).unwrap());
    let (one, other) = (one.wait().await, other.wait().await);
    let turns = compute.timeline(0, usize::MAX);
    for (label, report) in [("one", one), ("other", other)] {
        let mine: Vec<_> = turns.iter().filter(|turn| &*turn.task_id == label).collect();
        assert_eq!(mine.len() as u64, report.usage.slices);
        let cpu: u64 = mine.iter().map(|turn| turn.cpu_ns).sum();
        assert!((cpu as f64 / 1e6 - report.usage.cpu_ms).abs() < 0.001);
        assert_eq!(mine.iter().map(|turn| turn.fuel).sum::<u64>(), report.usage.fuel, "{label}");
    }
    let slice = ComputeConfig::default().slice;
    let first = turns.iter().find(|turn| &*turn.task_id == "one").unwrap();
    assert!(first.duration_ns >= 3 * slice.as_nanos() as u64, "a run's first turn has three slices: {first:?}");
    let last = turns.last().unwrap();
    assert!(turns.windows(2).all(|pair| pair[0].start_ns + pair[0].duration_ns <= pair[1].start_ns));
    assert_eq!(compute.timeline(last.start_ns + last.duration_ns, 9), []);
}

/// Waits until a sandbox is in stock.
async fn stocked(compute: &Compute) {
    while compute.status().prepared == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_short_run_ends_in_the_thread_that_submits_it() {
    let compute = compute(1);
    let mut ended_at_once = 0;
    for _ in 0..20 {
        stocked(&compute).await;
        let mut handle = compute.submit_here(Run::new("def main(): return 1")).unwrap();
        ended_at_once += usize::from(handle.probe().look(false).is_none());
        assert_eq!(handle.wait().await.value.unwrap().get(), "1");
    }
    // Not each of them on a machine that has much else to do.
    assert!(ended_at_once > 0);
}

#[tokio::test]
async fn what_short_runs_leave_behind_is_put_away_by_whoever_comes_to_it() {
    let compute = compute(1);
    // Some are not renewed: a worker makes others in their place.
    for number in 0..100 {
        stocked(&compute).await;
        let mut handle = compute.submit_here(Run::new("def main(): return 1")).unwrap();
        assert_eq!(handle.wait().await.outcome, Outcome::Ok);
        match number % 3 {
            0 => handle.put_away(),
            1 => drop(handle),
            // By a thread that may come to it later.
            _ => drop(tokio::spawn(async move { handle.put_away() })),
        }
    }
    stocked(&compute).await;
    while compute.status().running > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_long_run_is_left_to_the_workers() {
    let compute = compute(1);
    stocked(&compute).await;
    let mut endless = compute.submit_here(Run::new("def main():\n    while True: pass")).unwrap();
    let mut other = compute.submit_here(Run::new("def main(): return 2")).unwrap();
    assert_eq!(other.wait().await.value.unwrap().get(), "2");
    endless.cancel();
    let report = endless.wait().await;
    assert_eq!(report.outcome, Outcome::Cancelled);
    assert!(report.usage.slices > 1, "{:?}", report.usage);
}

#[tokio::test]
async fn a_run_that_waits_where_it_was_begun_ends_at_its_deadline() {
    let compute = compute(1);
    stocked(&compute).await;
    let limits = RunLimits { timeout: Duration::from_millis(300), ..RunLimits::default() };
    let program = "import time\ndef main(): time.sleep(3600)";
    let report = compute.submit_here(limited(program, limits)).unwrap().wait().await;
    assert_eq!(report.outcome, Outcome::Timeout);
    assert!(report.usage.wall_ms < 60_000.0, "{:?}", report.usage);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_worker_and_threads_that_submit_have_one_turn_at_a_time() {
    const RUNS: usize = 30;
    let compute = Arc::new(compute(1));
    let submit = |thread: usize| {
        let compute = Arc::clone(&compute);
        tokio::spawn(async move {
            for _ in 0..RUNS {
                let program = format!("def main(): return sum(range(20_000)) + {thread}");
                let report = compute.submit_here(Run::new(program)).unwrap().wait().await;
                assert_eq!(report.value.unwrap().get(), (199_990_000 + thread).to_string());
            }
        })
    };
    for thread in (0..4).map(submit).collect::<Vec<_>>() {
        thread.await.unwrap();
    }
    let mut turns = compute.timeline(0, usize::MAX);
    assert!(turns.len() >= 4 * RUNS);
    turns.sort_by_key(|turn| turn.start_ns);
    assert!(turns.windows(2).all(|pair| pair[0].start_ns + pair[0].duration_ns <= pair[1].start_ns));
    assert!(turns.iter().all(|turn| turn.worker == 0));
}

#[tokio::test]
async fn a_probe_says_what_a_run_waits_for() {
    let config = ComputeConfig { workers: 1, live_runs_max: 1, ..ComputeConfig::default() };
    let compute = Compute::start(config, guest()).unwrap();
    let first = compute.submit(Run::new("def main():\n    while True: pass")).unwrap();
    let queued: Vec<_> = (0..2).map(|_| compute.submit(Run::new("def main(): return 1")).unwrap()).collect();
    assert_eq!(queued[1].probe().look(true).unwrap().waits_for, WaitsFor::Sandbox { ahead: Some(1) });
    assert!(matches!(first.probe().look(false).unwrap().waits_for, WaitsFor::Nothing | WaitsFor::Turn { ahead: None }));
    let probe = first.probe().clone();
    drop(first);
    assert!(probe.look(true).is_none_or(|look| look.state == "running"));
}

#[tokio::test]
async fn memory_below_the_interpreters_own_is_refused() {
    let limits = RunLimits { memory_bytes: 1 << 20, ..RunLimits::default() };
    let report = run(limited("def main(): return 1", limits)).await;
    assert_eq!(report.outcome, Outcome::MemoryLimit);
    assert!(report.error.unwrap().contains("the interpreter alone"));
}

#[tokio::test]
async fn freed_memory_serves_objects_of_other_sizes() {
    let program = "def main():\n    for size in range(8, 1000, 48):\n        \
                   many = [bytes(size) for _ in range(40_000_000 // (size + 40))]\n        del many\n    return True";
    assert_eq!(value(program).await, "true");
    let program = "def main():\n    many = [object() for _ in range(2_000_000)]\n    del many\n    \
                   return len(bytearray(120_000_000))";
    assert_eq!(value(program).await, "120000000");
}

#[tokio::test]
async fn arguments_may_nest_as_deep_as_results() {
    let nested = |depth| raw_json(format!("[{}{}]", "[".repeat(depth), "]".repeat(depth))).ok();
    let call = |depth| Run { args: nested(depth), ..Run::new("def main(value): return value") };
    assert_eq!(run(call(200)).await.outcome, Outcome::Ok);
    let report = run(call(201)).await;
    assert!(report.exception.unwrap().message.contains("nest deeper than 200"));
}

/// Tiny guests with the same ABI: what the host does with a guest that lies.
mod hostile_guest {
    use super::*;

    async fn check(body: &str, outcome: Outcome, text: &str) {
        let wat = format!(
            "(module (memory (export \"memory\") 1)
               (func (export \"job_alloc\") (param i32) (result i32) i32.const 1024)
               (func (export \"job_run\") (param i32 i32) (result i64) {body}))"
        );
        let guest = Guest::compile(&wat::parse_str(&wat).expect(&wat)).unwrap_or_else(|error| panic!("{error}: {wat}"));
        let config = ComputeConfig { workers: 1, live_runs_max: 1, ..ComputeConfig::default() };
        let compute = Compute::start(config, guest).unwrap();
        let limits = RunLimits { fuel: 10_000_000, ..RunLimits::default() };
        let report = compute.submit(limited("", limits)).unwrap().wait().await;
        let error = report.error.unwrap_or_default();
        assert_eq!(report.outcome, outcome, "{error}");
        assert!(error.contains(text), "{error}");
    }

    #[tokio::test]
    async fn its_answer_must_lie_in_its_memory() {
        check("i64.const -1", Outcome::OutputLimit, "limit").await;
        check("i64.const 0xffffffff00000010", Outcome::Crashed, "outside of its memory").await;
        check("i64.const 0xfff800000010", Outcome::Crashed, "outside of its memory").await;
        check("i64.const 0", Outcome::Crashed, "answer").await;
    }

    /// How it ends must not hang on how the machine measures its slices.
    #[tokio::test]
    async fn its_fuel_ends_at_the_same_place_in_slices_of_any_size() {
        let wat = r#"(module (memory (export "memory") 9) (data (i32.const 16) "{\"value\":true}")
            (func (export "job_alloc") (param i32) (result i32) i32.const 1024)
            (func (export "job_run") (param i32 i32) (result i64) (local $turn i32)
              (memory.fill (i32.const 65536) (i32.const 7) (i32.const 200000))
              (memory.copy (i32.const 65537) (i32.const 65536) (i32.const 200001))
              (memory.copy (i32.const 65536) (i32.const 65537) (i32.const 200002))
              (loop $next
                (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
                (br_if $next (i32.lt_u (local.get $turn) (i32.const 1000))))
              (i64.const 0x100000000e)))"#;
        let guest = Guest::compile(&wat::parse_str(wat).unwrap()).unwrap();
        let ends = async |fuel: u64, slice_fuel: u64| {
            let config = ComputeConfig { workers: 1, slice_fuel: Some(slice_fuel), ..ComputeConfig::default() };
            let compute = Compute::start(config, guest.clone()).unwrap();
            let limits = RunLimits { fuel, ..RunLimits::default() };
            let report = compute.submit(limited("", limits)).unwrap().wait().await;
            (report.outcome, report.usage.fuel)
        };
        let (outcome, needed) = ends(1_000_000, 1_000_000).await;
        assert_eq!(outcome, Outcome::Ok);
        assert!(needed > 600_000 + 999 * 5, "{needed}");
        for slice_fuel in [1, 8, 61, 800, 1 << 40] {
            assert_eq!(ends(needed - 1, slice_fuel).await, (Outcome::FuelLimit, needed - 1), "{slice_fuel}");
            assert_eq!(ends(needed, slice_fuel).await, (Outcome::Ok, needed), "{slice_fuel}");
            assert_eq!(ends(needed + 1, slice_fuel).await, (Outcome::Ok, needed), "{slice_fuel}");
        }
    }

    #[tokio::test]
    async fn its_traps_are_its_own() {
        check("unreachable", Outcome::Crashed, "unreachable").await;
        check("(loop br 0) i64.const 0", Outcome::FuelLimit, "fuel").await;
        check("(drop (memory.grow (i32.const 60000))) unreachable", Outcome::MemoryLimit, "memory").await;
    }
}
