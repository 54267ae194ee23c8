//! What one run leaves behind, the next one does not find.

use super::*;

/// A guest that looks at four megabytes of memory, at its data and at its global, answers whether they are what they
/// were at first, and leaves none of it so.
const GUEST: &str = r#"(module
  (memory (export "memory") 64)
  (global $used (mut i32) (i32.const 0))
  (data (i32.const 16) "{\"value\":true}")
  (data (i32.const 48) "{\"value\":false}")
  (data (i32.const 8000) "\07")
  (func (export "job_alloc") (param i32) (result i32) i32.const 1024)
  (func (export "job_run") (param i32 i32) (result i64) (local $at i32)
    (if (global.get $used) (then (return (i64.const 206158430223))))
    (global.set $used (i32.const 1))
    (if (i32.ne (i32.load8_u (i32.const 8000)) (i32.const 7)) (then (return (i64.const 206158430223))))
    (i32.store8 (i32.const 8000) (i32.const 9))
    (local.set $at (i32.const 8192))
    (loop $next
      (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (return (i64.const 206158430223))))
      (i64.store (local.get $at) (i64.const -1))
      (local.set $at (i32.add (local.get $at) (i32.const 512)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 4194304))))
    (drop (memory.grow (i32.const 16)))
    (loop $more
      (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (return (i64.const 206158430223))))
      (i64.store (local.get $at) (i64.const -1))
      (local.set $at (i32.add (local.get $at) (i32.const 512)))
      (br_if $more (i32.lt_u (local.get $at) (i32.const 5242880))))
    (i64.const 68719476750)))"#;

#[tokio::test]
async fn a_run_finds_nothing_of_the_one_before() {
    let guest = Guest::compile(&wat::parse_str(GUEST).unwrap()).unwrap();
    let config = ComputeConfig { workers: 2, live_runs_max: 4, ..ComputeConfig::default() };
    let compute = Compute::start(config, guest).unwrap();
    // More than there are places for sandboxes: each place is used several times.
    let mut runs: Vec<_> = (0..500).map(|_| compute.submit(Run::new("")).unwrap()).collect();
    for (number, run) in runs.drain(..).enumerate() {
        let mut run = run;
        if number % 7 == 3 {
            run.cancel();
        }
        let report = run.wait().await;
        if report.outcome != Outcome::Cancelled {
            let value = report.value.map(|value| value.get().to_owned());
            assert_eq!(value.as_deref(), Some("true"), "{number}: {:?}", report.error);
        }
    }
}

/// The same with few pages, far apart: they stay in memory, later runs have no page faults, and the instance itself is used
/// again.
const SMALL_GUEST: &str = r#"(module
  (memory (export "memory") 64)
  (global $used (mut i32) (i32.const 0))
  (data (i32.const 16) "{\"value\":true}")
  (data (i32.const 48) "{\"value\":false}")
  (data (i32.const 131072) "\07\00\00\00\00\00\00\00")
  (func (export "job_alloc") (param i32) (result i32) i32.const 1024)
  (func (export "job_run") (param i32 i32) (result i64) (local $at i32)
    (if (global.get $used) (then (return (i64.const 206158430223))))
    (global.set $used (i32.const 1))
    (if (i64.ne (i64.load (i32.const 131072)) (i64.const 7)) (then (return (i64.const 206158430223))))
    (i64.store (i32.const 131072) (i64.const 9))
    (local.set $at (i32.const 196608))
    (loop $next
      (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (return (i64.const 206158430223))))
      (i64.store (local.get $at) (i64.const -1))
      (local.set $at (i32.add (local.get $at) (i32.const 131080)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 4000000))))
    (i64.const 68719476750)))"#;

#[tokio::test]
async fn a_run_finds_nothing_in_pages_that_are_used_again() {
    let guest = Guest::compile(&wat::parse_str(SMALL_GUEST).unwrap()).unwrap();
    let config = ComputeConfig { workers: 2, live_runs_max: 4, ..ComputeConfig::default() };
    let compute = Compute::start(config, guest).unwrap();
    for number in 0..500 {
        let report = compute.submit(Run::new("")).unwrap().wait().await;
        let value = report.value.map(|value| value.get().to_owned());
        assert_eq!(value.as_deref(), Some("true"), "{number}: {:?}", report.error);
    }
}

#[tokio::test]
async fn a_program_that_comes_again_begins_anew() {
    let compute = compute(1);
    let program = "import sys
seen = []
def main(x, *, y=0):
    seen.append(x)
    sys.modules['__main__'].left = 1
    return [seen, y, sys.argv, __name__, __file__, hasattr(sys.modules['__main__'], 'mark')]
def other(x):
    sys.modules['__main__'].mark = x
    sys.argv.append(x)
    raise ValueError(x, seen)
";
    let run = |function: &str, number: usize, argv: &str| Run {
        function: Some(function.to_owned()),
        args: raw_json(format!("[{number}]")).ok(),
        argv: vec![argv.to_owned()],
        ..Run::new(program)
    };
    let mut fuel = Vec::new();
    for number in 0..8 {
        let report = compute.submit(run("main", number, "one")).unwrap().wait().await;
        let expected = format!(r#"[[{number}],0,["one"],"program","<program>",false]"#);
        assert_eq!(report.value.map(|value| value.get().to_owned()), Some(expected), "{:?}", report.error);
        fuel.push(report.usage.fuel);
        let report = compute.submit(run("other", number, "two")).unwrap().wait().await;
        let exception = report.exception.unwrap();
        assert_eq!(exception.message, format!("({number}, [])"));
        assert!(exception.traceback.contains("line 10, in other\n    raise ValueError(x, seen)"), "{exception:?}");
        let report = compute.submit(run("nobody", number, "one")).unwrap().wait().await;
        assert!(report.error.unwrap().contains("the program has no function 'nobody'"));
    }
    // What it is made ready by is kept, and not done again.
    assert!(fuel[7] < fuel[1] && fuel[1] < fuel[0], "{fuel:?}");
}

#[tokio::test]
async fn a_program_that_comes_again_reads_its_own_files_and_input() {
    let compute = compute(1);
    for number in 0..6 {
        let run = Run {
            files: vec![("in.txt".to_owned(), format!("file {number}").into_bytes())],
            files_out: vec!["out.txt".to_owned()],
            stdin: format!("input {number}"),
            limits: RunLimits { files_bytes: 9_000, ..RunLimits::default() },
            ..Run::new(
                "import sys
def main():
    text = open('in.txt').read() + sys.stdin.read()
    open('out.txt', 'w').write(text[-3:])
    try:
        open('large', 'wb', 0).write(b'x' * 10000)
    except OSError as error:
        return [text, error.errno]",
            )
        };
        let report = compute.submit(run).unwrap().wait().await;
        let found = report.value.unwrap_or_else(|| panic!("{:?}", report.error)).get().to_owned();
        assert_eq!(found, format!(r#"["file {number}input {number}",28]"#));
        assert_eq!(report.files, [("out.txt".to_owned(), format!("t {number}").into_bytes())]);
    }
}
