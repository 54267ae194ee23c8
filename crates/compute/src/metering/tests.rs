//! Every module ends when its fuel does, and until then does what it did.

mod carries;

use super::{EXPORT_FUEL, EXPORT_NOTHING, EXPORT_STATE, IMPORT_USED_UP, Metering, SOURCES, metered};
use arbitrary::Unstructured;
use proptest::{prelude::*, test_runner::TestRunner};
use std::{
    cell::Cell,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};
use wasm_smith::{Config as SmithConfig, Module as SmithModule};
use wasmparser::{KnownCustom, Operator, Parser, Payload};
use wasmtime::{Caller, Config, Engine, Extern, Linker, Module, Store, Trap, Val};

/// A hang is one after this.
const HANG: Duration = Duration::from_secs(30);
const PART: i64 = 10_000;
const PARTS: u32 = 4;

/// What a call did.
#[derive(Debug, PartialEq)]
enum End {
    Values(Vec<String>),
    OutOfFuel,
    Hangs,
    OutOfBounds,
    Other,
}

struct Run {
    end: End,
    /// Units that were taken.
    taken: i64,
}

/// Stops whatever runs in the engine when it is not dropped in time.
struct Watch(Option<mpsc::Sender<()>>, Option<thread::JoinHandle<()>>);

impl Watch {
    fn over(engine: &Engine) -> Self {
        let (sender, receiver) = mpsc::channel::<()>();
        let engine = engine.clone();
        let thread = thread::spawn(move || {
            if receiver.recv_timeout(HANG) == Err(RecvTimeoutError::Timeout) {
                engine.increment_epoch();
            }
        });
        Self(Some(sender), Some(thread))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.0.take());
        self.1.take().map(thread::JoinHandle::join);
    }
}

/// Calls all exported functions of a module one after the other, each with `PARTS` parts of fuel; up to the first one that
/// uses them up or leaves the memory. Without metering it is the module as it was.
fn calls(wasm: &[u8], metering: Option<Metering>) -> Vec<(String, Run)> {
    let wasm = metering.map_or_else(|| wasm.to_vec(), |metering| metered(wasm, metering).unwrap());
    let mut config = Config::new();
    config.epoch_interruption(true).wasm_branch_hinting(true).wasm_wide_arithmetic(true).max_wasm_stack(256 << 10);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, &wasm).unwrap_or_else(|error| panic!("{error:?}"));
    let watch = Watch::over(&engine);
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap(IMPORT_USED_UP.0, IMPORT_USED_UP.1, |mut caller: Caller<'_, u32>| -> wasmtime::Result<()> {
            *caller.data_mut() += 1;
            if *caller.data() >= PARTS {
                return Err(Trap::OutOfFuel.into());
            }
            let global = caller.get_export(EXPORT_FUEL).and_then(Extern::into_global).unwrap();
            let left = global.get(&mut caller).unwrap_i64();
            global.set(&mut caller, Val::I64(left + PART))
        })
        .unwrap();
    let mut store = Store::new(&engine, 0);
    store.set_epoch_deadline(1);
    let Ok(instance) = linker.instantiate(&mut store, &module) else { return Vec::new() };
    let fuel = instance.get_global(&mut store, EXPORT_FUEL);
    assert_eq!(fuel.is_some(), metering.is_some());
    let is_its_own = |name: &str| name != EXPORT_NOTHING;
    let names: Vec<_> =
        module.exports().filter(|export| export.ty().func().is_some() && is_its_own(export.name())).collect();
    let mut runs = Vec::new();
    for export in names {
        let function = instance.get_func(&mut store, export.name()).unwrap();
        let kind = function.ty(&store);
        let arguments: Vec<_> = kind.params().map(|kind| Val::default_for_ty(&kind).unwrap()).collect();
        let mut results: Vec<_> = kind.results().map(|kind| Val::default_for_ty(&kind).unwrap()).collect();
        *store.data_mut() = 0;
        fuel.inspect(|fuel| fuel.set(&mut store, Val::I64(PART)).unwrap());
        let end = match function.call(&mut store, &arguments, &mut results) {
            // Where a reference points to is told by nothing.
            Ok(()) => End::Values(results.iter().map(|value| format!("{value:?}")).collect()),
            Err(error) => match error.downcast_ref::<Trap>() {
                Some(Trap::OutOfFuel) => End::OutOfFuel,
                Some(Trap::Interrupt) => End::Hangs,
                Some(Trap::MemoryOutOfBounds) => End::OutOfBounds,
                _ => End::Other,
            },
        };
        let parts = i64::from(*store.data()) + 1;
        let taken = parts * PART - fuel.map_or(0, |fuel| fuel.get(&mut store).unwrap_i64());
        // What a copy has written that leads out of the memory is the copy's matter: nobody sees it.
        let is_last = matches!(end, End::OutOfFuel | End::OutOfBounds);
        runs.push((export.name().to_owned(), Run { end, taken }));
        if is_last {
            break;
        }
    }
    drop(watch);
    runs
}

/// How its functions end.
fn ends(wasm: &[u8], metering: Option<Metering>) -> Vec<End> {
    calls(wasm, metering).into_iter().map(|(_, run)| run.end).collect()
}

fn only(wat: &str) -> Run {
    let mut runs = calls(&wat::parse_str(wat).expect(wat), Some(Metering::Fuel));
    assert_eq!(runs.len(), 1, "{wat}");
    runs.remove(0).1
}

/// The exports by which the host knows what to set back.
fn state_of(wat: &str) -> Vec<String> {
    let wasm = metered(&wat::parse_str(wat).expect(wat), Metering::Fuel).unwrap();
    let engine = Engine::default();
    let module = Module::new(&engine, wasm).unwrap();
    if let Some(nothing) = module.get_export(EXPORT_NOTHING) {
        assert!(nothing.func().is_some_and(|kind| kind.params().len() == 0 && kind.results().len() == 0));
    }
    let names = module.exports().map(|export| export.name().to_owned());
    names.filter(|name| name == EXPORT_NOTHING || name.starts_with(EXPORT_STATE)).collect()
}

#[test]
fn what_can_change_only_its_memory_and_globals_says_so() {
    let globals = "(global (mut i32) (i32.const 1)) (global i32 (i32.const 2)) (global (mut f64) (f64.const 3))";
    let table = "(table 2 funcref) (elem (i32.const 0) func $f)";
    let found = state_of(&format!("(module (memory 1) {table} {globals} (func $f (call_indirect (i32.const 0))))"));
    assert_eq!(found, [EXPORT_NOTHING.to_owned(), format!("{EXPORT_STATE}0"), format!("{EXPORT_STATE}1")]);
    let (copy, fill) = (
        "(memory.copy (i32.const 0) (i32.const 1) (i32.const 900))",
        "(memory.fill (i32.const 0) (i32.const 1) (i32.const 9))",
    );
    for added in [copy, fill, &[copy, fill].concat()] {
        assert_eq!(state_of(&format!("(module (memory 1) (func {added}))")), [EXPORT_NOTHING], "{added}");
    }
    for more in [
        "(table 2 funcref) (func $f (table.set (i32.const 0) (ref.null func)))",
        "(table 2 funcref) (func $f (drop (table.grow (ref.null func) (i32.const 1))))",
        "(table 2 funcref) (func $f (table.fill (i32.const 0) (ref.null func) (i32.const 1)))",
        "(table 2 funcref) (func $f (table.copy (i32.const 0) (i32.const 1) (i32.const 1)))",
        "(table 2 funcref) (elem $e func $f) (func $f (table.init $e (i32.const 0) (i32.const 0) (i32.const 1)))",
        "(elem $e declare func $f) (func $f (elem.drop $e))",
        "(memory 1) (data $d \"x\") (func $f (data.drop $d))",
        "(func $f) (start $f)",
        "(global (mut funcref) (ref.null func))",
        "(import \"e\" \"g\" (global (mut i32)))",
        "(import \"e\" \"m\" (memory 1))",
        "(import \"e\" \"t\" (table 1 funcref))",
    ] {
        assert_eq!(state_of(&format!("(module {more} (func))")), Vec::<String>::new(), "{more}");
    }
}

/// Ways to go on for ever.
const ENDLESS: [&str; 16] = [
    "(func (export \"f\") (loop br 0))",
    "(func (export \"f\") (loop (br_if 0 (i32.const 1))))",
    "(func (export \"f\") (loop (br_table 0 0 (i32.const 1))))",
    "(func (export \"f\") (loop (block (br_table 0 1 (i32.const 1)))))",
    "(func (export \"f\") (loop (if (i32.const 1) (then (br 1)))))",
    "(func (export \"f\") (loop (if (i32.const 0) (then) (else (br 1)))))",
    "(func (export \"f\") (loop (loop (br_if 1 (i32.const 1)))))",
    "(func (export \"f\") (loop (block (loop (br_if 1 (i32.const 1)) (br 0))) (br 0)))",
    "(func (export \"f\") (result i32) (i32.const 1) (loop (param i32) (result i32) (br 0)))",
    "(func (export \"f\") (result i32) (i32.const 1) (loop (param i32) (result i32) (br_if 0 (i32.const 1))))",
    // Calls that call each other, more of them than there can be on the stack.
    "(func $g (if (i32.const 0) (then (call $f)))) (func $f (export \"f\") (call $g) (return_call $f))",
    "(func $f (export \"f\") (return_call $g)) (func $g (return_call $f))",
    "(func $f (export \"f\") (return_call_indirect (i32.const 0))) (table funcref (elem $f))",
    "(func $f (export \"f\") (return_call $g)) (func $g (return_call_indirect (i32.const 0))) (table funcref (elem $f))",
    // Twice as many calls on every level: not deep, but never at an end.
    "(func $f (export \"f\") (param i32) (if (i32.lt_s (local.get 0) (i32.const 62))
       (then (call $f (i32.add (local.get 0) (i32.const 1))) (call $f (i32.add (local.get 0) (i32.const 1))))))",
    "(memory 100) (func (export \"f\") (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 6553600)) (br 0)))",
];

#[test]
fn nothing_goes_on_for_ever() {
    for code in ENDLESS {
        let run = only(&format!("(module {code})"));
        assert_eq!(run.end, End::OutOfFuel, "{code}");
    }
}

#[test]
fn doubling_on_every_level_is_counted() {
    // No function leads back to itself, and yet they have 2^60 calls.
    let levels = |call: &str| -> String {
        let level = |number: u32| {
            let call = call.replace("NEXT", &(number + 1).to_string());
            format!("(func $f{number} {call} {call})")
        };
        (0..60).map(level).collect()
    };
    let direct = format!("(module {} (func $f60) (export \"f\" (func $f0)))", levels("(call $fNEXT)"));
    assert_eq!(only(&direct).end, End::OutOfFuel);
    let names: String = (0..61).map(|number| format!("$f{number} ")).collect();
    let indirect = format!(
        "(module {} (func $f60) (table funcref (elem {names})) (export \"f\" (func $f0)))",
        levels("(call_indirect (i32.const NEXT))")
    );
    assert_eq!(only(&indirect).end, End::OutOfFuel);
}

/// Whatever a loop changes is the same behind a call for more fuel.
#[test]
fn what_goes_through_a_call_for_fuel_comes_back() {
    let mut wat = "(module (func (export \"f\") (result i32 i64 f32 f64 i32)
        (local $i i32) (local $i32 i32) (local $i64 i64) (local $f32 f32) (local $f64 f64) (local $v128 v128)
        (loop
            (local.set $i32 (i32.add (i32.mul (local.get $i32) (i32.const 31)) (local.get $i)))
            (local.set $i64 (i64.add (i64.mul (local.get $i64) (i64.const 31)) (i64.extend_i32_u (local.get $i32))))
            (local.set $f32 (f32.add (f32.mul (local.get $f32) (f32.const 0.5)) (f32.convert_i32_u (local.get $i32))))
            (local.set $f64 (f64.add (f64.mul (local.get $f64) (f64.const 0.5)) (f64.promote_f32 (local.get $f32))))
            (local.set $v128 (i32x4.add (local.get $v128) (i32x4.splat (local.get $i32))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if 0 (i32.lt_u (local.get $i) (i32.const 600))))
        (local.get $i32) (local.get $i64) (local.get $f32) (local.get $f64)
        (i32x4.extract_lane 2 (local.get $v128))))"
        .to_owned();
    for more in ["", "(if (i32.eq (local.get $i) (i32.const -1)) (then (call 0) unreachable))"] {
        wat = wat.replacen("(loop", &format!("(loop {more}"), 1);
        let wasm = wat::parse_str(&wat).expect(&wat);
        let metered = only(&wat);
        assert!(metered.taken > PART, "the fuel was not used up on the way");
        assert_eq!(metered.end, calls(&wasm, None).remove(0).1.end, "{wat}");
    }
}

/// What is there already keeps its place among what is added.
#[test]
fn a_module_with_everything_does_what_it_did() {
    let wat = "(module
        (import \"host\" \"seven\" (func $seven (result i32)))
        (import \"host\" \"eight\" (func $eight (result i32)))
        (import \"host\" \"global\" (global $imported i32))
        (global $own (mut i32) (i32.const 5))
        (global $at funcref (ref.func $plus))
        (table $first 4 funcref) (table $second 4 funcref)
        (elem (table $first) (i32.const 1) func $seven $plus)
        (elem (table $second) (i32.const 0) funcref (ref.func $eight) (ref.func $plus))
        (memory 1) (data (i32.const 8) \"\\01\\02\") (data $passive \"xyz\")
        (func $plus (result i32) (i32.add (global.get $own) (global.get $imported)))
        (func $begin (global.set $own (i32.const 50)))
        (start $begin)
        (func (export \"f\") (result i32 i32 i32 i32 i32 i32)
            (call_indirect $first (result i32) (i32.const 1))
            (call_indirect $first (result i32) (i32.const 2))
            (call_indirect $second (result i32) (i32.const 0))
            (call_indirect $second (result i32) (i32.const 1))
            (memory.init $passive (i32.const 100) (i32.const 1) (i32.const 2))
            (i32.load (i32.const 100))
            (table.set $first (i32.const 3) (ref.func $eight))
            (call_indirect $first (result i32) (i32.const 3))))";
    for metering in [None, Some(Metering::HintsOnly), Some(Metering::Fuel)] {
        let wasm = wat::parse_str(wat).unwrap();
        let wasm = metering.map_or_else(|| wasm.clone(), |metering| metered(&wasm, metering).unwrap());
        let engine = Engine::default();
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        linker.func_wrap("host", "seven", || 7).unwrap();
        linker.func_wrap("host", "eight", || 8).unwrap();
        linker.func_wrap(IMPORT_USED_UP.0, IMPORT_USED_UP.1, || {}).unwrap();
        let kind = wasmtime::GlobalType::new(wasmtime::ValType::I32, wasmtime::Mutability::Const);
        let global = wasmtime::Global::new(&mut store, kind, Val::I32(1000)).unwrap();
        linker.define(&store, "host", "global", global).unwrap();
        let instance = linker.instantiate(&mut store, &Module::new(&engine, &wasm).unwrap()).unwrap();
        let function = instance.get_typed_func::<(), (i32, i32, i32, i32, i32, i32)>(&mut store, "f").unwrap();
        let told = function.call(&mut store, ()).unwrap();
        assert_eq!(told, (7, 1050, 8, 1050, i32::from_le_bytes(*b"yz\0\0"), 8), "{metering:?}");
    }
}

/// Wasmtime says nothing of a hint that is at no branch.
#[test]
fn hints_are_at_branches() {
    let wat = "(module (func (export \"f\") (param i32) (block (br_if 0 (local.get 0)) (unreachable))
        (if (local.get 0) (then (unreachable))) (loop (br_if 0 (local.get 0)))
        (block (block (br_if 0 (local.get 0)) (return)) (unreachable))))";
    let wasm = metered(&wat::parse_str(wat).unwrap(), Metering::Fuel).unwrap();
    let (mut hints, mut bodies) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(&wasm) {
        match payload.unwrap() {
            Payload::CustomSection(section) => {
                let KnownCustom::BranchHints(functions) = section.as_known() else { panic!("{}", section.name()) };
                hints.extend(functions.into_iter().map(Result::unwrap));
            }
            Payload::CodeSectionEntry(body) => bodies.push(body),
            _ => {}
        }
    }
    // The second one does nothing.
    assert_eq!((hints.len(), bodies.len(), hints[0].func), (1, 2, 1));
    let start = bodies[0].range().start;
    let operators: Vec<_> =
        bodies[0].get_operators_reader().unwrap().into_iter_with_offsets().map(Result::unwrap).collect();
    let mut taken = Vec::new();
    for hint in hints[0].hints.clone() {
        let hint = hint.unwrap();
        let at = start + hint.func_offset as usize;
        let (operator, _) = operators.iter().find(|(_, offset)| *offset == at).expect("an operator is there");
        assert!(matches!(operator, Operator::If { .. } | Operator::BrIf { .. }), "{operator:?}");
        taken.push(hint.taken);
    }
    // The first branch leads around a trap; the `if` and the last branch lead to one; the loop looks for its fuel.
    assert_eq!(taken, [true, false, false, false]);
}

/// Those of all functions.
pub(super) fn operators(wasm: &[u8]) -> Vec<Operator<'_>> {
    let bodies = Parser::new(0).parse_all(wasm).filter_map(|payload| match payload.unwrap() {
        Payload::CodeSectionEntry(body) => Some(body.get_operators_reader().unwrap()),
        _ => None,
    });
    bodies.flat_map(|body| body.into_iter().map(Result::unwrap).collect::<Vec<_>>()).collect()
}

/// A table of branches to six blocks that tell which one it was, called with every index of interest.
fn branches(targets: &[u32]) -> Vec<u8> {
    let table: Vec<_> = targets.iter().map(u32::to_string).collect();
    let blocks = (0..6u32).fold(format!("local.get 0 br_table {}", table.join(" ")), |inner, block| {
        format!("(block {inner}) i32.const {block} return")
    });
    let calls = [0, 1, 2, 3, 4, 5, 6, 7, 8, -1]
        .map(|index| format!("(func (export \"{index}\") (result i32) (call $f (i32.const {index})))"));
    wat::parse_str(format!("(module (func $f (param i32) (result i32) {blocks}) {})", calls.join(" "))).unwrap()
}

#[test]
fn tables_lead_where_they_led() {
    let has_table = |wasm: &[u8]| operators(wasm).iter().any(|operator| matches!(operator, Operator::BrTable { .. }));
    let cases: [(&[u32], bool); 9] = [
        (&[0], false),
        (&[1, 0], false),
        (&[0, 0, 0, 1], false),
        (&[0, 1, 2, 3], false),
        (&[0, 0, 1, 1, 2, 2, 3], false),
        (&[0, 1, 2, 3, 3, 3], false),
        (&[0, 1, 2, 3, 4], true),
        (&[5, 4, 3, 2, 1, 0], true),
        (&[0, 1, 0, 1, 0], true),
    ];
    for (targets, is_kept) in cases {
        let wasm = branches(targets);
        let values = |runs: Vec<(String, Run)>| runs.into_iter().map(|(name, run)| (name, run.end)).collect::<Vec<_>>();
        assert_eq!(values(calls(&wasm, Some(Metering::Fuel))), values(calls(&wasm, None)), "{targets:?}");
        assert_eq!(has_table(&metered(&wasm, Metering::Fuel).unwrap()), is_kept, "{targets:?}");
    }
}

/// A module that multiplies integers of 128 bits as compiled Rust does; the function itself would give nothing.
fn product(low: u64, high: u64, other_low: u64, other_high: u64) -> Vec<u8> {
    let numbers = [low, high, other_low, other_high].map(|number| format!("(i64.const {})", number.cast_signed()));
    let text = format!(
        "(module (memory 1) (func $multiply (export \"__multi3\") (param i32 i64 i64 i64 i64))
           (func (export \"f\") (result i64 i64) (call $multiply (i32.const 16) {})
             (i64.load (i32.const 16)) (i64.load (i32.const 24))))",
        numbers.join(" ")
    );
    wat::parse_str(text).unwrap()
}

#[test]
fn products_are_those_of_128_bits() {
    let check = |a: u128, b: u128| {
        let halves = |number: u128| (number as u64, (number >> 64) as u64);
        let ((a_low, a_high), (b_low, b_high)) = (halves(a), halves(b));
        let mut runs = calls(&product(a_low, a_high, b_low, b_high), Some(Metering::Fuel));
        let (low, high) = halves(a.wrapping_mul(b));
        let expected = [low, high].map(|half| format!("{:?}", Val::I64(half.cast_signed()))).to_vec();
        assert_eq!(runs.pop().map(|(_, run)| run.end), Some(End::Values(expected)), "{a} * {b}");
    };
    for a in [0, 1, u128::from(u64::MAX), 1 << 64, u128::MAX, u128::MAX / 3] {
        for b in [1, u128::from(u64::MAX), 1 << 127, 0x1234_5678_9abc_def0_0fed_cba9_8765_4321] {
            check(a, b);
        }
    }
}

/// Multiplies as the function of that name does, in parts of 32 bits.
const MULTIPLY: &str = "(func $multiply (export \"__multi3\")
    (param $place i32) (param $a i64) (param $a_high i64) (param $b i64) (param $b_high i64) (local $t i64) (local $u i64)
    (i64.store (local.get $place) (i64.mul (local.get $a) (local.get $b)))
    (local.set $t (i64.shr_u (i64.mul (i64.and (local.get $a) (i64.const 0xffffffff))
      (i64.and (local.get $b) (i64.const 0xffffffff))) (i64.const 32)))
    (local.set $t (i64.add (local.get $t) (i64.mul (i64.shr_u (local.get $a) (i64.const 32))
      (i64.and (local.get $b) (i64.const 0xffffffff)))))
    (local.set $u (i64.shr_u (local.get $t) (i64.const 32)))
    (local.set $t (i64.add (i64.and (local.get $t) (i64.const 0xffffffff))
      (i64.mul (i64.and (local.get $a) (i64.const 0xffffffff)) (i64.shr_u (local.get $b) (i64.const 32)))))
    (local.set $u (i64.add (local.get $u) (i64.shr_u (local.get $t) (i64.const 32))))
    (local.set $u (i64.add (local.get $u)
      (i64.mul (i64.shr_u (local.get $a) (i64.const 32)) (i64.shr_u (local.get $b) (i64.const 32)))))
    (local.set $u (i64.add (local.get $u) (i64.mul (local.get $a) (local.get $b_high))))
    (local.set $u (i64.add (local.get $u) (i64.mul (local.get $a_high) (local.get $b))))
    (i64.store offset=8 (local.get $place) (local.get $u)))";

/// A module with that function, and one that computes with products as the code says: addresses are in `$0`, `$1` and `$2`,
/// what it has loaded comes together in `$sum`.
fn products(code: &str) -> Vec<u8> {
    let text = format!(
        "(module (memory 1) {MULTIPLY}
           (func (export \"f\") (result i64) (local $0 i32) (local $1 i32) (local $2 i32) (local $turns i32) (local $sum i64)
             (local.set $sum (i64.const -3)) {code} (local.get $sum)))"
    );
    wat::parse_str(&text).expect(&text)
}

fn product_at(address: &str) -> String {
    let factors = "(local.get $sum) (i64.const 5) (i64.or (local.get $sum) (i64.const 7)) (i64.const 0)";
    format!("(call $multiply {address} {factors})")
}

fn load(offset: u32, address: &str) -> String {
    format!("(local.set $sum (i64.add (i64.load offset={offset} {address}) (i64.rotl (local.get $sum) (i64.const 9))))")
}

/// Loads of halves of 128 bits in all functions.
fn loads(wasm: &[u8]) -> usize {
    operators(wasm).iter().filter(|operator| matches!(operator, Operator::I64Load { .. })).count()
}

#[test]
fn both_halves_of_a_product_are_taken_from_where_they_are() {
    let both = [load(16, "(local.get $0)"), load(24, "(local.get $0)")].concat();
    let product = product_at("(i32.add (local.get $0) (i32.const 16))");
    let cases = [
        (String::new(), 0),
        ("(i64.store offset=32 (local.get $0) (i64.const 9))".to_owned(), 0),
        ("(i64.store (local.get $0) (i64.const 9))".to_owned(), 0),
        ("(block (br_if 0 (local.get $1)))".to_owned(), 2),
        ("(br_if 0 (local.get $1))".to_owned(), 0),
        ("(local.set $1 (i32.const 16))".to_owned(), 0),
        // One half is written to.
        ("(i32.store8 offset=24 (local.get $0) (i32.const 9))".to_owned(), 1),
        ("(v128.store offset=8 (local.get $0) (v128.const i64x2 9 9))".to_owned(), 1),
        // It may be written to.
        ("(i64.store offset=16 (local.get $1) (i64.const 9))".to_owned(), 2),
        ("(i64.store (i32.const 16) (i64.const 9))".to_owned(), 2),
        ("(memory.fill (i32.const 16) (i32.const 1) (i32.const 9))".to_owned(), 2),
        (product_at("(local.get $1)"), 2),
        // It is another place.
        ("(local.set $0 (i32.const 8))".to_owned(), 2),
        ("(drop (local.tee $0 (i32.const 8)))".to_owned(), 2),
        // This place may be reached from elsewhere.
        ("(if (local.get $1) (then (local.set $0 (i32.const 8))))".to_owned(), 2),
        ("(loop (br_if 0 (i32.const 0)))".to_owned(), 2),
    ];
    for (between, kept) in cases {
        let wasm = products(&format!("(block {product} {between} {both})"));
        let with_fuel = metered(&wasm, Metering::Fuel).unwrap();
        assert_eq!(loads(&with_fuel), kept, "{between}");
        assert_eq!(ends(&wasm, Some(Metering::Fuel)), ends(&wasm, None), "{between}");
    }
}

fn loop_of(turns: u32, inside: &str) -> String {
    format!(
        "(local.set $turns (i32.const {turns})) (loop {inside}
           (br_if 0 (i32.gt_s (local.tee $turns (i32.sub (local.get $turns) (i32.const 1))) (i32.const 0))))"
    )
}

/// A few statements of such code.
fn statements() -> impl Strategy<Value = String> {
    let address = || {
        (0..3u32, prop::sample::select(vec![0, 8, 16, 24])).prop_map(|(local, more)| match more {
            0 => format!("(local.get ${local})"),
            more => format!("(i32.add (local.get ${local}) (i32.const {more}))"),
        })
    };
    let offset = || prop::sample::select(vec![0u32, 4, 8, 16, 24]);
    let statement = prop_oneof![
        3 => address().prop_map(|address| product_at(&address)),
        4 => (offset(), address()).prop_map(|(offset, address)| load(offset, &address)),
        1 => (0..3u32, 0..4u32).prop_map(|(local, to)| format!("(local.set ${local} (i32.const {}))", to * 8)),
        1 => (0..3u32, address()).prop_map(|(local, address)| format!("(local.set ${local} {address})")),
        1 => (0..3u32, 0..4u32).prop_map(|(local, to)| load(8, &format!("(local.tee ${local} (i32.const {}))", to * 8))),
        1 => (offset(), address(), any::<i64>()).prop_map(|(offset, address, value)| {
            format!("(i64.store offset={offset} {address} (i64.const {value}))")
        }),
        1 => (offset(), address()).prop_map(|(offset, address)| format!("(i32.store16 offset={offset} {address} (i32.const 7))")),
    ];
    let several = |inner: BoxedStrategy<String>| prop::collection::vec(inner, 1..6).prop_map(|all| all.concat());
    statement.boxed().prop_recursive(3, 24, 6, move |inner| {
        let inner = several(inner);
        prop_oneof![
            inner.clone(),
            inner.clone().prop_map(|inside| format!("(if (i32.wrap_i64 (local.get $sum)) (then {inside}))")),
            (address(), inner.clone()).prop_map(|(address, inside)| {
                [product_at(&address), inside, load(0, &address), load(8, &address)].concat()
            }),
            inner.clone().prop_map(|inside| format!("(block (br_if 0 (local.get $1)) {inside})")),
            inner.prop_map(|inside| loop_of(2, &inside)),
        ]
    })
}

#[test]
fn code_with_products_does_what_it_did() {
    let (kept, all) = (Cell::new(0), Cell::new(0));
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() });
    let code = prop::collection::vec(statements(), 1..8).prop_map(|all| all.concat());
    let result = runner.run(&code, |code| {
        let wasm = products(&code);
        all.set(all.get() + loads(&wasm));
        kept.set(kept.get() + loads(&metered(&wasm, Metering::Fuel).unwrap()));
        prop_assert_eq!(ends(&wasm, Some(Metering::Fuel)), ends(&wasm, None));
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    assert!(kept.get() > 100 && all.get() > kept.get() + 100, "{} of {} loads kept", kept.get(), all.get());
}

#[test]
fn a_function_of_that_name_and_another_type_is_called() {
    let wasm = wat::parse_str(
        "(module (func $multiply (export \"__multi3\") (param i64 i64) (result i64) (i64.const 5))
           (func (export \"f\") (result i64) (call $multiply (i64.const 2) (i64.const 3))))",
    );
    let runs = calls(&wasm.unwrap(), Some(Metering::Fuel));
    let values = End::Values(vec![format!("{:?}", Val::I64(5))]);
    assert!(runs.iter().any(|(name, run)| name == "f" && run.end == values));
}

#[test]
fn a_copy_takes_what_it_copies() {
    for (operator, units) in [
        ("(memory.copy (i32.const 0) (i32.const 70000) (i32.const 5000))", 5000),
        ("(memory.fill (i32.const 0) (i32.const 7) (i32.const 4000))", 4000),
        ("(memory.fill (i32.const 0) (i32.const 7) (i32.const 100))", 100),
        ("(memory.init $data (i32.const 0) (i32.const 0) (i32.const 3))", 3),
        ("(table.init $elements (i32.const 0) (i32.const 0) (i32.const 2))", 2),
        ("(table.fill (i32.const 0) (ref.null func) (i32.const 900))", 900),
        ("(table.copy (i32.const 0) (i32.const 50) (i32.const 800))", 800),
        ("(drop (table.grow (ref.null func) (i32.const 700)))", 700),
    ] {
        let wat = format!(
            "(module (memory 2) (data $data \"abc\") (table 1000 funcref) (elem $elements func 0 0)
               (func (export \"f\") (result i32) {operator} (i32.load8_u (i32.const 3999))))"
        );
        let run = only(&wat);
        assert_eq!(run.end, End::Values(vec![format!("I32({})", if units == 4000 { 7 } else { 0 })]), "{wat}");
        assert_eq!(run.taken, units, "{wat}");
    }
}

#[test]
fn what_is_taken_grows_with_the_work() {
    let turns = |count: u32, inside: &str| {
        let wat = format!(
            "(module (func $leaf (nop) (nop) (nop)) (func (export \"f\") (local i32)
               (loop {inside} (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                 (br_if 0 (i32.lt_u (local.get 0) (i32.const {count}))))))"
        );
        let run = only(&wat);
        assert_eq!(run.end, End::Values(Vec::new()), "{wat}");
        run.taken
    };
    // Four for the sum, four for the branch, and the end; the first turn belongs to whoever called.
    assert_eq!(turns(1001, ""), 1000 * 9);
    assert_eq!(turns(1001, "(nop) (nop)"), 1000 * 11);
    // A function that counts nothing itself: the call, its operators and its end.
    assert_eq!(turns(1001, "(call $leaf)"), 1000 * (9 + 1 + 4));
    assert_eq!(turns(1001, "(if (i32.const 1) (then (nop) (nop)))"), 1000 * (9 + 2 + 2));
}

#[test]
fn a_function_in_a_circle_counts_its_entry() {
    let wat = "(module (func $f (export \"f\") (param i32) (result i32)
        (if (result i32) (i32.lt_s (local.get 0) (i32.const 9))
          (then (call $f (i32.add (local.get 0) (i32.const 1)))) (else (local.get 0)))))";
    let run = only(wat);
    assert_eq!(run.end, End::Values(vec!["I32(9)".to_owned()]));
    assert!(run.taken >= 10 * 5, "{}", run.taken);
}

#[test]
fn what_is_not_known_is_refused() {
    for (wat, text) in [
        ("(module (tag $t) (func (try_table (catch $t 0))))", "exceptions"),
        ("(module (memory i64 1))", "memory64"),
        ("(module (type (struct)))", "gc"),
    ] {
        let error = metered(&wat::parse_str(wat).expect(wat), Metering::Fuel).expect_err(wat).to_string();
        assert!(error.starts_with("the module cannot be metered: ") && error.contains(text), "{wat}: {error}");
    }
    assert!(metered(b"\0asm\x01\0\0\0rubbish", Metering::Fuel).is_err());
}

/// Modules with any code that needs no imports.
fn smith(seed: &[u8]) -> Option<Vec<u8>> {
    let mut input = Unstructured::new(seed);
    let config = SmithConfig {
        export_everything: true,
        max_imports: 0,
        max_memories: 1,
        max_tables: 1,
        max_memory32_bytes: 4 << 16,
        max_table_elements: 100,
        min_funcs: 2,
        allow_start_export: false,
        exceptions_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        // The engine has no collector for what they may hold.
        reference_types_enabled: false,
        relaxed_simd_enabled: false,
        threads_enabled: false,
        shared_everything_threads_enabled: false,
        custom_page_sizes_enabled: false,
        wide_arithmetic_enabled: false,
        tail_call_enabled: true,
        ..SmithConfig::default()
    };
    Some(SmithModule::new(config, &mut input).ok()?.to_bytes())
}

#[test]
fn any_module_ends_and_does_what_it_did() {
    let (compared, ended) = (Cell::new(0), Cell::new(0));
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() });
    let seeds = prop::collection::vec(any::<u8>(), 400..4000);
    let result = runner.run(&seeds, |seed| {
        let Some(wasm) = smith(&seed) else { return Ok(()) };
        let runs = calls(&wasm, Some(Metering::Fuel));
        for (name, run) in &runs {
            prop_assert_ne!(&run.end, &End::Hangs, "{}", name);
        }
        // Without fuel only such calls can be made that end by themselves.
        if runs.iter().any(|(_, run)| run.end == End::OutOfFuel) {
            ended.set(ended.get() + 1);
            return Ok(());
        }
        compared.set(compared.get() + runs.len());
        let ends = |runs: &[(String, Run)]| format!("{:?}", runs.iter().map(|(_, run)| &run.end).collect::<Vec<_>>());
        prop_assert_eq!(ends(&runs), ends(&calls(&wasm, None)));
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    assert!(compared.get() > 100 && ended.get() > 5, "{} compared, {} ended", compared.get(), ended.get());
}

#[test]
fn all_of_it_decides_whether_code_can_be_used_again() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/metering");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && !path.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(SOURCES.contains(&&*text), "{} is not among SOURCES", path.display());
        }
    }
}
