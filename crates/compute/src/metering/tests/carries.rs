//! Large integers come to what they came to, with sums of 128 bits for their carries.

use super::*;

/// A function that computes with limbs as the code says: `$0` to `$5` hold them, and `$turns` counts. It gives all of them.
fn limbs(code: &str) -> Vec<u8> {
    let several = |text: fn(u32) -> String| (0..6).map(text).collect::<String>();
    let declared = several(|local| format!("(local ${local} i64)"));
    let given = several(|local| format!("(local.get ${local})"));
    let text = format!(
        "(module (memory 1) (func (export \"f\") (result i64 i64 i64 i64 i64 i64) {declared} (local $carry i32)
           (local $turns i32) {code} {given}))"
    );
    wat::parse_str(&text).expect(&text)
}

fn wide_sums(wasm: &[u8]) -> usize {
    let is_it = |operator: &&Operator<'_>| matches!(operator, Operator::I64Add128 | Operator::I64Sub128);
    operators(&metered(wasm, Metering::Fuel).unwrap()).iter().filter(is_it).count()
}

/// One limb: `$0` and `$1` are taken together as `$2`, with what was carried as `$4`, and what this carries is on the stack.
struct Limb {
    operator: &'static str,
    /// What was carried, which is in `$3`, comes first.
    is_swapped: bool,
    /// Between the sums and the comparisons.
    between: &'static str,
}

impl Limb {
    fn text(&self) -> String {
        let Self { operator, is_swapped, between } = self;
        let (limbs, carried) =
            (format!("(local.tee $2 (i64.{operator} (local.get $0) (local.get $1)))"), "(local.get $3)".to_owned());
        let (one, other) = if *is_swapped { (carried, limbs) } else { (limbs, carried) };
        let comparisons = match *operator {
            "add" => "(i64.lt_u (local.get $2) (local.get $0)) (i64.lt_u (local.get $4) (local.get $2))",
            _ => "(i64.lt_u (local.get $0) (local.get $1)) (i64.lt_u (local.get $2) (local.get $3))",
        };
        format!("(local.set $4 (i64.{operator} {one} {other})) {between} (i32.or {comparisons})")
    }
}

/// With these numbers in `$0`, `$1` and `$3`, the code is to leave these in all of them.
fn check(operator: &'static str, [a, b, c]: [u64; 3]) {
    let (pair, sum) = match operator {
        "add" => (a.overflowing_add(b), a.wrapping_add(b).overflowing_add(c)),
        _ => (a.overflowing_sub(b), a.wrapping_sub(b).overflowing_sub(c)),
    };
    let carry = u64::from(pair.1 | sum.1);
    let values = [a, b, pair.0, c, sum.0, carry].map(|limb| format!("I64({})", limb.cast_signed())).to_vec();
    let [x, y, z] = [a, b, c].map(u64::cast_signed);
    let set = format!("(local.set $0 (i64.const {x})) (local.set $1 (i64.const {y})) (local.set $3 (i64.const {z}))");
    let limb = |is_swapped| Limb { operator, is_swapped, between: "" }.text();
    let wide = |limb: String| format!("{set} (local.set $5 (i64.extend_i32_u {limb}))");
    let mut codes = vec![wide(limb(false))];
    if operator == "add" {
        codes.push(wide(limb(true)));
    }
    if c <= 1 {
        // It is known to be so.
        let set = format!("{set} (local.set $3 (i64.and (local.get $3) (i64.const 1)))");
        codes.push(format!("{set} (local.set $5 (i64.extend_i32_u {}))", limb(false)));
        let narrow = format!("(local.set $carry {})", limb(false));
        codes.push(format!("{set} {narrow} (local.set $5 (i64.extend_i32_u (local.get $carry)))"));
    }
    for code in codes {
        let wasm = limbs(&code);
        assert_eq!(wide_sums(&wasm), 2, "{code}");
        assert_eq!(ends(&wasm, Some(Metering::Fuel)), [End::Values(values.clone())], "{code}");
    }
}

#[test]
fn what_is_carried_is_the_upper_half() {
    const NUMBERS: [u64; 6] = [0, 1, 5, u64::MAX / 2, u64::MAX - 1, u64::MAX];
    for operator in ["add", "sub"] {
        for (a, b) in NUMBERS.into_iter().flat_map(|a| NUMBERS.map(|b| (a, b))) {
            NUMBERS.into_iter().for_each(|c| check(operator, [a, b, c]));
        }
    }
}

#[test]
fn what_only_looks_like_a_carry_is_left() {
    let cases = [
        ("", 2),
        ("(br_if 0 (local.get $turns))", 2),
        ("(local.set $5 (i64.add (local.get $5) (i64.const 3)))", 2),
        ("(i64.store (i32.const 8) (local.get $4))", 2),
        ("(local.set $0 (i64.const -1))", 0),
        ("(drop (local.tee $2 (i64.const 7)))", 0),
        ("(block (local.set $5 (i64.const 9)))", 0),
        ("(loop (br_if 0 (local.get $turns)))", 0),
        ("(if (local.get $turns) (then (local.set $2 (i64.const 7))))", 0),
        ("(local.set $turns (i32.wrap_i64 (i64.rem_u (local.get $4) (i64.const 3))))", 0),
    ];
    for operator in ["add", "sub"] {
        for (between, sums) in cases {
            let limb = Limb { operator, is_swapped: false, between }.text();
            let set = "(local.set $0 (i64.const -5)) (local.set $1 (i64.const 4)) (local.set $3 (i64.const 1))";
            let code = format!("(block {set} (local.set $5 (i64.extend_i32_u {limb})))");
            let wasm = limbs(&code);
            assert_eq!(wide_sums(&wasm), sums, "{code}");
            assert_eq!(ends(&wasm, Some(Metering::Fuel)), ends(&wasm, None), "{code}");
        }
    }
}

/// Code that finds carries by comparisons that share sums.
const SHARED: [&str; 6] = [
    // The same carry twice.
    "(local.set $4 (i64.add (local.tee $2 (i64.add (local.get $0) (local.get $1))) (local.get $3)))
     (local.set $5 (i64.extend_i32_u (i32.or (i64.lt_u (local.get $2) (local.get $0)) (i64.lt_u (local.get $4) (local.get $2)))))
     (local.set $3 (i64.extend_i32_u (i32.or (i64.lt_u (local.get $4) (local.get $2)) (i64.lt_u (local.get $2) (local.get $0)))))",
    // What was carried to one is the limbs' sum of the next.
    "(local.set $4 (i64.add (local.tee $2 (i64.add (local.get $0) (local.get $1))) (local.get $3)))
     (local.set $carry (i32.or (i64.lt_u (local.get $2) (local.get $0)) (i64.lt_u (local.get $4) (local.get $2))))
     (local.set $5 (i64.add (local.get $4) (local.get $1)))
     (local.set $1 (i64.extend_i32_u (i32.or (i64.lt_u (local.get $4) (local.get $2)) (i64.lt_u (local.get $5) (local.get $4)))))
     (local.set $0 (i64.extend_i32_u (local.get $carry)))",
    // Two are carried to the same limbs.
    "(local.set $4 (i64.add (local.tee $2 (i64.add (local.get $0) (local.get $1))) (local.get $3)))
     (local.set $5 (i64.add (local.get $2) (local.get $1)))
     (local.set $carry (i32.or (i64.lt_u (local.get $2) (local.get $0)) (i64.lt_u (local.get $4) (local.get $2))))
     (local.set $3 (i64.extend_i32_u (i32.or (i64.lt_u (local.get $2) (local.get $0)) (i64.lt_u (local.get $5) (local.get $2)))))
     (local.set $0 (i64.extend_i32_u (local.get $carry)))",
    // The same difference around a carry.
    "(local.set $4 (i64.sub (local.tee $2 (i64.sub (local.get $0) (local.get $1))) (local.get $3)))
     (local.set $carry (i32.or (i64.lt_u (local.get $0) (local.get $1)) (i64.lt_u (local.get $2) (local.get $3))))
     (local.set $4 (i64.sub (local.get $2) (local.get $3)))
     (local.set $5 (i64.extend_i32_u (i32.or (i64.lt_u (local.get $0) (local.get $1)) (i64.lt_u (local.get $2) (local.get $3)))))
     (local.set $3 (i64.extend_i32_u (local.get $carry)))",
    // A sum with itself, and what is carried is neither zero nor one.
    "(local.set $4 (i64.add (local.tee $2 (i64.add (local.get $0) (local.get $0)))
       (i64.and (local.get $3) (i64.const 2))))
     (local.set $5 (i64.extend_i32_s (i32.or (i64.lt_u (local.get $2) (local.get $0)) (i64.lt_u (local.get $4) (local.get $2)))))",
    // One is carried, and something comes before it is wanted in 64 bits.
    "(local.set $4 (i64.sub (local.tee $2 (i64.sub (local.get $0) (local.get $1))) (local.tee $3 (i64.const 1))))
     (i32.or (i64.lt_u (local.get $0) (local.get $1)) (i64.lt_u (local.get $2) (local.get $3))) nop
     (local.set $5 (i64.extend_i32_u))",
];

#[test]
fn sums_that_several_carries_need_have_one_part() {
    let numbers = [0, 1, 3, i64::MAX, -2, -1];
    for (code, (a, b)) in
        SHARED.into_iter().flat_map(|code| numbers.into_iter().flat_map(move |a| numbers.map(|b| (code, (a, b)))))
    {
        for c in numbers {
            let set =
                format!("(local.set $0 (i64.const {a})) (local.set $1 (i64.const {b})) (local.set $3 (i64.const {c}))");
            let wasm = limbs(&[&set, code].concat());
            assert!(wide_sums(&wasm) >= 2, "{code}");
            assert_eq!(ends(&wasm, Some(Metering::Fuel)), ends(&wasm, None), "{set} {code}");
        }
    }
}

/// All that keeps something in locals of its own, in one function.
#[test]
fn carries_have_their_own_locals() {
    let product = "(call $multiply (i32.const 16) (local.get $0) (i64.const 0) (local.get $1) (i64.const 0))
                   (local.set $5 (i64.add (i64.load (i32.const 16)) (i64.load (i32.const 24))))";
    let table = "(block (block (br_table 0 1 (i32.wrap_i64 (local.get $3)))) (local.set $3 (i64.const 1)))";
    let bulk = "(memory.init $data (i32.const 64) (i32.const 0) (i32.const 3))";
    let limb = |operator| Limb { operator, is_swapped: false, between: "" }.text();
    let limbs =
        [limb("add"), limb("sub")].map(|limb| format!("(local.set $carry (i32.add (local.get $carry) {limb}))"));
    for parts in 0..8u32 {
        let part = |number: u32, text: &'static str| if parts & 1 << number == 0 { "" } else { text };
        let code = [part(0, product), part(1, table), part(2, bulk), &limbs[0], part(0, product), &limbs[1]].concat();
        let text = format!(
            "(module (memory 1) (data $data \"abc\") {MULTIPLY}
               (func (export \"f\") (result i64 i64 i64 i32) (local $0 i64) (local $1 i64) (local $2 i64) (local $3 i64)
                 (local $4 i64) (local $5 i64) (local $carry i32)
                 (local.set $0 (i64.const -7)) (local.set $1 (i64.const -9)) {code}
                 (local.get $3) (local.get $4) (local.get $5) (local.get $carry)))"
        );
        let wasm = wat::parse_str(&text).expect(&text);
        assert_eq!(wide_sums(&wasm), 4, "{text}");
        assert_eq!(ends(&wasm, Some(Metering::Fuel)), ends(&wasm, None), "{text}");
    }
}

/// A limb with any locals, some of whose comparisons are of other ones.
fn any_limb() -> impl Strategy<Value = String> {
    let locals = prop::array::uniform7(0..6u32);
    let is_other = prop::array::uniform4(prop::bool::weighted(0.08));
    let (is_less, is_swapped, is_first, is_bit) = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (locals, is_other, is_less, is_swapped, is_first, is_bit).prop_map(
        |([x, y, d, c, s, to, other], is_other, is_less, is_swapped, is_first, is_bit)| {
            let operator = if is_less { "sub" } else { "add" };
            let get = |local: u32| format!("(local.get ${local})");
            let limbs = format!("(local.tee ${d} (i64.{operator} {} {}))", get(x), get(y));
            let carried = if is_bit { format!("(i64.and {} (i64.const 1))", get(c)) } else { get(c) };
            let carried = format!("(local.tee ${c} {carried})");
            let sum = if is_swapped { [carried, limbs] } else { [limbs, carried] }.concat();
            let compared = if is_less { [x, y, d, c] } else { [d, x, s, d] };
            let [p, q, r, t] = [0, 1, 2, 3].map(|index| get(if is_other[index] { other } else { compared[index] }));
            let mut comparisons = [format!("(i64.lt_u {p} {q})"), format!("(i64.lt_u {r} {t})")];
            if is_first {
                comparisons.reverse();
            }
            let carry = comparisons.concat();
            format!("(local.set ${s} (i64.{operator} {sum})) (local.set ${to} (i64.extend_i32_u (i32.or {carry})))")
        },
    )
}

/// Statements of code with large integers.
fn statements() -> impl Strategy<Value = String> {
    let local = || 0..6u32;
    let number = prop_oneof![Just(0i64), Just(1), Just(-1), Just(-2), Just(i64::MAX), any::<i64>()];
    let stored = |(one, other)| {
        format!("(i64.store (i32.const 8) (local.get ${one})) (local.set ${other} (i64.load (i32.const 8)))")
    };
    let statement = prop_oneof![
        6 => any_limb(),
        2 => (local(), number).prop_map(|(local, number)| format!("(local.set ${local} (i64.const {number}))")),
        1 => (local(), local()).prop_map(|(one, other)| format!("(local.set ${one} (local.get ${other}))")),
        1 => (local(), local()).prop_map(stored),
    ];
    statement.boxed().prop_recursive(2, 12, 4, |inner| {
        let inner = prop::collection::vec(inner, 1..4).prop_map(|all| all.concat());
        prop_oneof![
            inner.clone().prop_map(|inside| format!("(if (i32.wrap_i64 (local.get $1)) (then {inside}))")),
            inner.clone().prop_map(|inside| format!("(block (br_if 0 (i64.eqz (local.get $2))) {inside})")),
            inner.prop_map(|inside| loop_of(3, &inside)),
        ]
    })
}

#[test]
fn code_with_carries_does_what_it_did() {
    let sums = Cell::new(0);
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() });
    let code = prop::collection::vec(statements(), 1..10).prop_map(|all| all.concat());
    let result = runner.run(&code, |code| {
        let wasm = limbs(&code);
        sums.set(sums.get() + wide_sums(&wasm));
        prop_assert_eq!(ends(&wasm, Some(Metering::Fuel)), ends(&wasm, None));
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    assert!(sums.get() > 500, "{} sums of 128 bits", sums.get());
}
