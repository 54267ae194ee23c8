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
