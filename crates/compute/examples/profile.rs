//! Writes down how often each part of the guest runs: `profile GUEST.wasm PYTHON TRAINING OUT` starts a guest that was
//! compiled with `-Cprofile-generate`, runs the programs of the folder TRAINING in it one after the other, and writes LLVM's
//! raw profile (version 10 of compiler-rt's InstrProfData.inc, for 32 bits) that `llvm-profdata` reads to
//! OUT/programs.profraw. What the start of short tasks takes is profiled by itself, with the programs of TRAINING/start, and
//! is in OUT/starts.profraw: it is to be quick too, and would not count beside programs that run for long.
//!
//! The guest has no runtime for profiles: its counters are read out of its memory, and what it would tell a runtime (which
//! function an indirect call led to, how long a copy was) are calls of this host.

#![expect(clippy::print_stderr, reason = "a tool at the prompt")]

#[path = "shared/guest.rs"]
mod guest;
#[path = "shared/start.rs"]
mod start;

use anyhow::{Context, Result, bail, ensure};
use guest::{Guest, Job, Program};
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};
use wasmparser::{KnownCustom, Name, Parser, Payload};
use wasmtime::{Caller, Linker, Module};
use wasmtime_wasi::{p1, p1::WasiP1Ctx};

const MAGIC: u64 = u64::from_be_bytes(*b"\xfflprofR\x81");
/// The version, and that the counters are of LLVM's own code (IR) and not of a front end's.
const VERSION: u64 = 10 | 1 << 56;
/// Kinds of values: targets of calls, sizes of copies, tables of virtual functions.
const KINDS: usize = 3;
/// Bytes of what is known of one function.
const RECORD_BYTES: usize = 48;
/// Values kept of one place in the code, those that came most often.
const VALUES_MAX: usize = 24;

/// Each of them is started so often.
const ROUNDS: usize = 60;

/// What stands in `WasiP1Ctx`'s place, and the values that came at each place: by the address of the function's record, and
/// the number of the place.
struct State {
    wasi: WasiP1Ctx,
    values: HashMap<(u32, u32), HashMap<u64, u64>>,
}

impl State {
    fn count(&mut self, value: u64, record: u32, place: u32) {
        *self.values.entry((record, place)).or_default().entry(value).or_default() += 1;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, python, training, output] = arguments.as_slice() else {
        bail!("usage: profile GUEST.wasm PYTHON TRAINING OUT.profraw");
    };
    let wasm = std::fs::read(input).with_context(|| format!("reading {input}"))?;
    let sources = start::sources(Path::new(python)).with_context(|| format!("reading {python}"))?;
    let mut guest = Counted::start(&wasm, sources).await?;
    let (sections, output) = (Sections::find(&wasm)?, Path::new(output));
    for Program { name, text } in guest::programs(Path::new(training))? {
        eprintln!("profile: {name}");
        let job = Job { program: &text, filename: &name, function: None, args: "[]", seed: Some(1) };
        ensure!(guest.run(&job, true).await.with_context(|| name.clone())?, "{name} failed");
    }
    std::fs::write(output.join("programs.profraw"), guest.profile(&sections)?)?;
    guest.forget();
    for program in guest::programs(&Path::new(training).join("start"))? {
        eprintln!("profile: the start of {}", program.name);
        let job = Job::start(&program)?;
        for round in 0..ROUNDS {
            guest.run(&job, round % 4 > 0).await?;
        }
    }
    std::fs::write(output.join("starts.profraw"), guest.profile(&sections)?)?;
    Ok(())
}

/// A guest that counts what it does.
struct Counted {
    guest: Guest<State>,
    counters: std::ops::Range<usize>,
}

impl Counted {
    async fn start(wasm: &[u8], sources: Vec<u8>) -> Result<Self> {
        eprintln!("profile: compiling the guest ...");
        let link = |linker: &mut Linker<State>, module: &Module| {
            p1::add_to_linker_async(linker, |state: &mut State| &mut state.wasi)?;
            let count = |mut caller: Caller<'_, State>, value: i64, record: i32, place: i32| {
                caller.data_mut().count(value.cast_unsigned(), record.cast_unsigned(), place.cast_unsigned());
            };
            let count_size = move |caller: Caller<'_, State>, value: i64, record: i32, place: i32| {
                count(caller, size_class(value.cast_unsigned()).cast_signed(), record, place);
            };
            linker.func_wrap("env", "__llvm_profile_instrument_target", count)?;
            linker.func_wrap("env", "__llvm_profile_instrument_memop", count_size)?;
            // What is linked because it is counted, and never called.
            Ok(linker.define_unknown_imports_as_traps(module)?)
        };
        let state = State { wasi: start::fixed_wasi(sources), values: HashMap::new() };
        let counters = Sections::find(wasm)?.counters;
        let (guest, _) = Guest::start(wasm, state, link, counters.clone()).await?;
        // What it does once, when it is built, is not what it is to be quick at.
        let mut counted = Self { guest, counters };
        counted.forget();
        Ok(counted)
    }

    /// Counts from zero again.
    fn forget(&mut self) {
        let Guest { store, memory, .. } = &mut self.guest;
        memory.data_mut(&mut *store)[self.counters.clone()].fill(0);
        store.data_mut().values.clear();
    }

    /// Runs a program, `again` as if it had run before. Says whether it ended well.
    async fn run(&mut self, job: &Job<'_>, again: bool) -> Result<bool> {
        let code = if again { self.guest.compile(job).await? } else { None };
        self.guest.run(job, code.as_deref()).await
    }

    /// LLVM's raw profile.
    fn profile(&self, sections: &Sections) -> Result<Vec<u8>> {
        let memory = self.guest.memory.data(&self.guest.store);
        let (records, counters, names) =
            (&memory[sections.records.clone()], &memory[sections.counters.clone()], &memory[sections.names.clone()]);
        ensure!(records.len() % RECORD_BYTES == 0, "records of functions have another size than {RECORD_BYTES}");
        let count = records.len() / RECORD_BYTES;
        let delta = (sections.counters.start as u32).wrapping_sub(sections.records.start as u32);
        let padding = |bytes: usize| bytes.next_multiple_of(8) - bytes;
        let header = [
            MAGIC,
            VERSION,
            0,
            count as u64,
            0,
            (counters.len() / 8) as u64,
            0,
            0,
            0,
            names.len() as u64,
            u64::from(delta),
            u64::from((sections.counters.end as u32).wrapping_sub(sections.records.start as u32)),
            sections.names.start as u64,
            0,
            0,
            KINDS as u64 - 1,
        ];
        let mut raw: Vec<u8> = header.iter().flat_map(|number| number.to_le_bytes()).collect();
        raw.extend_from_slice(records);
        raw.extend_from_slice(counters);
        raw.extend_from_slice(names);
        raw.resize(raw.len() + padding(names.len()), 0);
        for index in 0..count {
            let record = &records[index * RECORD_BYTES..][..RECORD_BYTES];
            let address = u32::try_from(sections.records.start + index * RECORD_BYTES)?;
            self.write_values(&mut raw, address, record);
        }
        Ok(raw)
    }

    /// The values that came in one function: `ValueProfData` of InstrProfData.inc.
    fn write_values(&self, raw: &mut Vec<u8>, address: u32, record: &[u8]) {
        let places = |kind: usize| u16::from_le_bytes([record[36 + 2 * kind], record[37 + 2 * kind]]);
        let kinds: Vec<usize> = (0..KINDS).filter(|kind| places(*kind) > 0).collect();
        if kinds.is_empty() {
            return;
        }
        let start = raw.len();
        raw.extend_from_slice(&[0; 4]);
        raw.extend_from_slice(&(kinds.len() as u32).to_le_bytes());
        let mut place = 0;
        for kind in 0..KINDS {
            let count = u32::from(places(kind));
            let found: Vec<Vec<(u64, u64)>> = (place..place + count).map(|place| self.values(address, place)).collect();
            place += count;
            if count == 0 {
                continue;
            }
            raw.extend_from_slice(&(kind as u32).to_le_bytes());
            raw.extend_from_slice(&count.to_le_bytes());
            raw.extend(found.iter().map(|values| values.len() as u8));
            raw.resize(raw.len().next_multiple_of(8), 0);
            for (value, times) in found.into_iter().flatten() {
                raw.extend_from_slice(&value.to_le_bytes());
                raw.extend_from_slice(&times.to_le_bytes());
            }
        }
        let bytes = (raw.len() - start) as u32;
        raw[start..start + 4].copy_from_slice(&bytes.to_le_bytes());
    }

    fn values(&self, record: u32, place: u32) -> Vec<(u64, u64)> {
        let found = self.guest.store.data().values.get(&(record, place)).into_iter().flatten();
        let mut values: Vec<_> = found.map(|(value, times)| (*value, *times)).collect();
        values.sort_by_key(|(value, times)| (std::cmp::Reverse(*times), *value));
        values.truncate(VALUES_MAX);
        values
    }
}

/// `InstrProfGetRangeRepValue`: larger sizes stand for others of their kind.
fn size_class(bytes: u64) -> u64 {
    match bytes {
        0..=8 => bytes,
        513.. => 513,
        _ if bytes.is_power_of_two() => bytes,
        _ => (1 << bytes.ilog2()) + 1,
    }
}

/// Where they lie in the memory.
struct Sections {
    records: std::ops::Range<usize>,
    counters: std::ops::Range<usize>,
    names: std::ops::Range<usize>,
}

impl Sections {
    fn find(wasm: &[u8]) -> Result<Self> {
        let (mut places, mut names) = (Vec::new(), BTreeMap::new());
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::DataSection(segments) => {
                    for segment in segments {
                        let segment = segment?;
                        let wasmparser::DataKind::Active { offset_expr, .. } = segment.kind else {
                            places.push(0..0);
                            continue;
                        };
                        let wasmparser::Operator::I32Const { value } = offset_expr.get_operators_reader().read()?
                        else {
                            bail!("a data segment's place is not a number");
                        };
                        let start = value.cast_unsigned() as usize;
                        places.push(start..start + segment.data.len());
                    }
                }
                Payload::CustomSection(section) => {
                    let KnownCustom::Name(subsections) = section.as_known() else { continue };
                    for subsection in subsections {
                        if let Name::Data(segments) = subsection? {
                            for segment in segments {
                                let segment = segment?;
                                names.insert(segment.name.to_owned(), segment.index as usize);
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        let find = |name: &str| {
            let index = names.get(name).with_context(|| format!("the guest has no section {name}: it was not compiled with -Cprofile-generate and -Cstrip=none; it has {:?}", names.keys()))?;
            places.get(*index).cloned().context("a name of no segment")
        };
        Ok(Self {
            records: find("__llvm_prf_data")?,
            counters: find("__llvm_prf_cnts")?,
            names: find("__llvm_prf_names")?,
        })
    }
}
