//! Which blocks of the snapshot's memory are to lie side by side: those that short tasks write to. Each page of the snapshot
//! that a task writes to is a copy of its own, which is set back afterwards, however little of it was written.
//!
//! A guest whose stores also mark where they wrote, in a second memory, is started, and tells which number the allocator gave
//! to which block (`block_was_numbered` of guest/src/allocator.rs). What a task marks then tells which numbers these are.
//! The guest of the snapshot does the same in the same order, and so gives the same blocks the same numbers.

use super::{
    guest::{Guest, Job, programs},
    start,
};
use anyhow::{Context, Result, ensure};
use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    path::Path,
};
use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, Function, Instruction, MemArg, MemorySection, MemoryType, Module, ValType,
    reencode::{Error, Reencode, utils},
};
use wasmparser::{ExternalKind, FunctionBody, Operator, Parser, Payload};
use wasmtime::Memory;
use wasmtime_wasi::p1::{self, WasiP1Ctx};

/// One mark stands for so many bytes, the smallest block.
const MARK_BYTES_LOG2: u32 = 4;
/// Marks for 1 GiB.
const MARKS_PAGES: u64 = 1 << (30 - MARK_BYTES_LOG2 - 16);
/// The log of numbered blocks: how many bytes of it are written, then three numbers for each.
const LOG_PAGES: u64 = 1 << 14;
const LOG_HEADER_BYTES: i32 = 16;
const RECORD_BYTES: i32 = 12;
const MARKS: (u32, &str) = (1, "marks");
const LOG: (u32, &str) = (2, "log");
const FILE_BYTES: usize = 32 << 10;
/// As guest/src/sources.rs has it.
const NUMBERS_MAX: usize = 4096;
/// The function of the guest that is told of each block.
const NUMBERED: &str = "block_was_numbered";
/// The program that stands for what every task does.
const EVERY: &str = "square.py";

/// Numbers as the guest reads them behind its sources; always of the same size, so that all else lies where it lies without.
pub(crate) fn file(numbers: &str) -> Result<Vec<u8>> {
    ensure!(numbers.len() <= FILE_BYTES, "there are more than {FILE_BYTES} bytes of numbers");
    Ok(format!("arrangement {FILE_BYTES}\n{numbers:FILE_BYTES$}").into_bytes())
}

/// The numbers of the blocks that every short task writes to, and of those that some do, as the guest's `arrangement`.
pub(crate) async fn learn(wasm: &[u8], sources: Vec<u8>, starts: &Path) -> Result<String> {
    let link = |linker: &mut wasmtime::Linker<WasiP1Ctx>, _: &wasmtime::Module| {
        Ok(p1::add_to_linker_async(linker, |wasi: &mut WasiP1Ctx| wasi)?)
    };
    let (mut guest, instance) = Guest::start(&marking(wasm)?, start::fixed_wasi(sources), link, 0..0).await?;
    let mut memory = |name| instance.get_memory(&mut guest.store, name).context("the marking guest has it");
    let (marks, log) = (memory(MARKS.1)?, memory(LOG.1)?);
    let blocks = blocks(log.data(&guest.store));
    ensure!(!blocks.is_empty(), "the guest numbers no blocks");
    let mut written: [BTreeSet<u32>; 2] = Default::default();
    for program in programs(starts)? {
        let job = Job::start(&program)?;
        let code = guest.compile(&job).await?;
        marks.data_mut(&mut guest.store).fill(0);
        guest.run(&job, code.as_deref()).await?;
        let numbers = numbers(&blocks, &guest, marks);
        written[usize::from(program.name != EVERY)].extend(numbers);
    }
    let [every, some] = &written;
    ensure!(every.len().max(some.len()) <= NUMBERS_MAX, "the guest reads {NUMBERS_MAX} numbers of a group");
    let lines =
        [every.clone(), some - every].map(|numbers| numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(" "));
    Ok(lines.join("\n"))
}

/// How large a block is, and its number.
type Block = (u32, u32);

/// The blocks that there are at the end of the log, by their addresses.
fn blocks(log: &[u8]) -> BTreeMap<u32, Block> {
    let number = |at: usize| u32::from_le_bytes(log[at..at + 4].try_into().expect("four bytes"));
    let mut blocks: BTreeMap<u32, Block> = BTreeMap::new();
    for at in (0..number(0) as usize).step_by(RECORD_BYTES as usize) {
        let at = at + LOG_HEADER_BYTES as usize;
        let (address, bytes) = (number(at), number(at + 4));
        // What lay there before is no more.
        let before = blocks.range(..address).next_back().filter(|(start, (bytes, _))| *start + bytes > address);
        let over: Vec<u32> =
            before.into_iter().chain(blocks.range(address..address + bytes)).map(|(start, _)| *start).collect();
        for start in over {
            blocks.remove(&start);
        }
        blocks.insert(address, (bytes, number(at + 8)));
    }
    blocks
}

/// The numbers of the blocks that have marks.
fn numbers(blocks: &BTreeMap<u32, Block>, guest: &Guest<WasiP1Ctx>, marks: Memory) -> Vec<u32> {
    let marked = marks.data(&guest.store).iter().enumerate().filter(|(_, mark)| **mark != 0);
    let block = |index: usize| {
        let address = u32::try_from(index << MARK_BYTES_LOG2).ok()?;
        let (start, (bytes, number)) = blocks.range(..=address).next_back()?;
        (start + bytes > address).then_some(*number)
    };
    marked.filter_map(|(index, _)| block(index)).collect()
}

/// The module, with stores that mark where they write.
fn marking(wasm: &[u8]) -> Result<Vec<u8>> {
    let (mut numbered, mut imported) = (None, 0);
    let (mut types, mut parameters) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += u32::from(matches!(import?.ty, wasmparser::TypeRef::Func(_)));
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    if (export.kind, export.name) == (ExternalKind::Func, NUMBERED) {
                        numbered = export.index.checked_sub(imported);
                    }
                }
            }
            Payload::TypeSection(section) => {
                for function in section.into_iter_err_on_gc_types() {
                    types.push(u32::try_from(function?.params().len())?);
                }
            }
            Payload::FunctionSection(functions) => {
                for kind in functions {
                    parameters.push(types[kind? as usize]);
                }
            }
            _ => {}
        }
    }
    let numbered = numbered.context("the guest has no numbered blocks")?;
    let mut writer = Marking { numbered, parameters: parameters.into_iter(), functions: 0 };
    let mut module = Module::new();
    writer.parse_core_module(&mut module, Parser::new(0), wasm)?;
    Ok(module.finish())
}

struct Marking {
    /// Of the functions that are not imported, the one that is told of blocks.
    numbered: u32,
    /// How many parameters those have that are not written yet.
    parameters: std::vec::IntoIter<u32>,
    /// Functions that are written.
    functions: u32,
}

/// Bytes that a store writes, where, and the type of what it writes.
fn store(operator: &Operator<'_>) -> Option<(u32, u64, ValType)> {
    Some(match operator {
        Operator::I32Store8 { memarg } => (1, memarg.offset, ValType::I32),
        Operator::I64Store8 { memarg } => (1, memarg.offset, ValType::I64),
        Operator::I32Store16 { memarg } => (2, memarg.offset, ValType::I32),
        Operator::I64Store16 { memarg } => (2, memarg.offset, ValType::I64),
        Operator::I32Store { memarg } => (4, memarg.offset, ValType::I32),
        Operator::I64Store32 { memarg } => (4, memarg.offset, ValType::I64),
        Operator::F32Store { memarg } => (4, memarg.offset, ValType::F32),
        Operator::I64Store { memarg } => (8, memarg.offset, ValType::I64),
        Operator::F64Store { memarg } => (8, memarg.offset, ValType::F64),
        Operator::V128Store { memarg } => (16, memarg.offset, ValType::V128),
        Operator::V128Store8Lane { memarg, .. }
        | Operator::V128Store16Lane { memarg, .. }
        | Operator::V128Store32Lane { memarg, .. }
        | Operator::V128Store64Lane { memarg, .. } => (8, memarg.offset, ValType::V128),
        _ => return None,
    })
}

const KINDS: [ValType; 5] = [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128];

fn at(memory_index: u32, offset: i32) -> MemArg {
    MemArg { offset: u64::from(offset.cast_unsigned()), align: 0, memory_index }
}

impl Marking {
    /// Marks the bytes from the address in a local on.
    fn mark(function: &mut Function, address: u32, offset: u64, bytes: u32) {
        let first = i32::try_from(offset).unwrap_or(i32::MAX);
        for offset in [first, first.wrapping_add((bytes - 1).cast_signed())] {
            for instruction in [
                Instruction::LocalGet(address),
                Instruction::I32Const(offset),
                Instruction::I32Add,
                Instruction::I32Const(MARK_BYTES_LOG2.cast_signed()),
                Instruction::I32ShrU,
                Instruction::I32Const(1),
                Instruction::I32Store8(at(MARKS.0, 0)),
            ] {
                function.instruction(&instruction);
            }
        }
    }

    /// Marks as many bytes as a local says, or one mark more.
    fn mark_many(function: &mut Function, address: u32, bytes: u32) {
        for instruction in [
            Instruction::LocalGet(address),
            Instruction::I32Const(MARK_BYTES_LOG2.cast_signed()),
            Instruction::I32ShrU,
            Instruction::I32Const(1),
            Instruction::LocalGet(bytes),
            Instruction::I32Const((2 << MARK_BYTES_LOG2) - 2),
            Instruction::I32Add,
            Instruction::I32Const(MARK_BYTES_LOG2.cast_signed()),
            Instruction::I32ShrU,
            Instruction::MemoryFill(MARKS.0),
        ] {
            function.instruction(&instruction);
        }
    }

    /// Writes a record to the log.
    fn log() -> Function {
        let mut function = Function::new([(1, ValType::I32)]);
        let end = 3;
        function.instruction(&Instruction::I32Const(0));
        function.instruction(&Instruction::I32Load(at(LOG.0, 0)));
        function.instruction(&Instruction::LocalSet(end));
        for parameter in 0..3u32 {
            function.instruction(&Instruction::LocalGet(end));
            function.instruction(&Instruction::LocalGet(parameter));
            function.instruction(&Instruction::I32Store(at(LOG.0, LOG_HEADER_BYTES + 4 * parameter.cast_signed())));
        }
        for instruction in [
            Instruction::I32Const(0),
            Instruction::LocalGet(end),
            Instruction::I32Const(RECORD_BYTES),
            Instruction::I32Add,
            Instruction::I32Store(at(LOG.0, 0)),
            Instruction::End,
        ] {
            function.instruction(&instruction);
        }
        function
    }
}

impl Reencode for Marking {
    type Error = Infallible;

    fn parse_memory_section(
        &mut self,
        memories: &mut MemorySection,
        section: wasmparser::MemorySectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_memory_section(self, memories, section)?;
        for minimum in [MARKS_PAGES, LOG_PAGES] {
            memories.memory(MemoryType {
                minimum,
                maximum: None,
                memory64: false,
                shared: false,
                page_size_log2: None,
            });
        }
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_export_section(self, exports, section)?;
        for (index, name) in [MARKS, LOG] {
            exports.export(name, ExportKind::Memory, index);
        }
        Ok(())
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Result<(), Error> {
        let index = self.functions;
        self.functions += 1;
        let parameters = self.parameters.next().unwrap_or_default();
        if index == self.numbered {
            code.function(&Self::log());
            return Ok(());
        }
        let mut locals = Vec::new();
        for declared in body.get_locals_reader()? {
            let (count, kind) = declared?;
            locals.push((count, self.val_type(kind)?));
        }
        let values = parameters + locals.iter().map(|(count, _)| count).sum::<u32>();
        let address = values + KINDS.len() as u32;
        locals.extend(KINDS.map(|kind| (1, kind)));
        // The address, and what is copied from there or filled in.
        locals.push((2, ValType::I32));
        let mut function = Function::new(locals);
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            let bulk = matches!(operator, Operator::MemoryCopy { .. } | Operator::MemoryFill { .. });
            if let Some((bytes, offset, kind)) = store(&operator) {
                let value = values + KINDS.iter().position(|one| *one == kind).unwrap_or_default() as u32;
                function.instruction(&Instruction::LocalSet(value));
                function.instruction(&Instruction::LocalSet(address));
                Self::mark(&mut function, address, offset, bytes);
                function.instruction(&Instruction::LocalGet(address));
                function.instruction(&Instruction::LocalGet(value));
            } else if bulk {
                let bytes = values;
                function.instruction(&Instruction::LocalSet(bytes));
                function.instruction(&Instruction::LocalSet(address + 1));
                function.instruction(&Instruction::LocalSet(address));
                Self::mark_many(&mut function, address, bytes);
                function.instruction(&Instruction::LocalGet(address));
                function.instruction(&Instruction::LocalGet(address + 1));
                function.instruction(&Instruction::LocalGet(bytes));
            }
            function.instruction(&self.instruction(operator)?);
        }
        code.function(&function);
        Ok(())
    }
}
