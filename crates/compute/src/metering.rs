//! Gives a module fuel: counting what it does is written into its code before that is compiled.
//!
//! What is left of a run's fuel is a global of the module, which its code alone cannot name. Code takes from it and
//! calls the host when it is used up, often enough that nothing goes on without end:
//!
//! - on the way back to the start of every loop,
//! - on entry of at least one function of every circle of calls, a function that calls through a table among them, and of
//!   every function that is not small. What the others use, their callers pay (`calls`),
//! - before an operator that copies or fills as many bytes or elements as it is told, if they are many; what copies within
//!   the memory or fills it does so in pieces (`copy`).
//!
//! What is taken is the expected number of operators up to the next such place (`flow`): an estimate, but the same one
//! for the same module, so that a repeatable run burns the same fuel everywhere. Wasmtime's own fuel counts operators
//! exactly and looks on every entry; its counter is stored before each call and loaded behind it, which costs an
//! interpreter much more (docs/benchmarks.md, "fuel alone" and "tried").
//!
//! Branches that lead to a trap are marked as cold on the way, by WebAssembly's branch hinting proposal: Rust checks
//! bounds everywhere, and the code for the failure would lie among the code that runs.

mod calls;
mod carries;
mod copy;
mod flow;
mod known;
mod peephole;
#[cfg(test)]
mod tests;
mod through;

use calls::Plan;
use flow::Flow;
use peephole::Scratch;
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};
use through::{Counts, Handed};
use wasm_encoder::{
    BlockType, BranchHint, BranchHints, CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, ImportSection, Instruction, Module, SectionId, TypeSection, ValType,
    reencode::{self, Reencode},
};
use wasmparser::{
    CompositeInnerType, ExternalKind, FuncType, FunctionBody, Operator, Parser, Payload, TypeRef, Validator,
    WasmFeatures,
};

/// The module and the name of the function that is called when the fuel is used up.
pub const IMPORT_USED_UP: (&str, &str) = ("sandlot", "fuel_used_up");
/// The global with the fuel that is left: an `i64`, below zero when more was taken than there was.
pub const EXPORT_FUEL: &str = "sandlot_fuel";

/// A function that does nothing, of a module that can change nothing but its memory, its fuel and the globals below: once these
/// are as they were, its instance is as new.
pub(crate) const EXPORT_NOTHING: &str = "sandlot_nothing";
/// The module's own globals that it can change, by this and their numbers.
pub(crate) const EXPORT_STATE: &str = "sandlot_state_";

/// What decides how a module is metered: code that was made with another one is not to be used.
pub(crate) const SOURCES: [&str; 8] = [
    include_str!("metering.rs"),
    include_str!("metering/calls.rs"),
    include_str!("metering/carries.rs"),
    include_str!("metering/copy.rs"),
    include_str!("metering/flow.rs"),
    include_str!("metering/known.rs"),
    include_str!("metering/peephole.rs"),
    include_str!("metering/through.rs"),
];

/// What a module may use: this file knows all ways in which such code can go back to where it was.
const FEATURES: WasmFeatures = WasmFeatures::WASM2.union(WasmFeatures::TAIL_CALL).union(WasmFeatures::EXTENDED_CONST);

/// Why a module cannot be given fuel.
#[derive(Debug, thiserror::Error)]
#[error("the module cannot be metered: {0}")]
pub struct MeteringError(String);

impl From<wasmparser::BinaryReaderError> for MeteringError {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self(error.to_string())
    }
}

impl From<reencode::Error> for MeteringError {
    fn from(error: reencode::Error) -> Self {
        Self(error.to_string())
    }
}

/// What is written into a module's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metering {
    /// Fuel and hints.
    Fuel,
    /// Hints alone: such code can run for ever. To measure what fuel costs.
    HintsOnly,
}

/// The module with fuel.
///
/// # Errors
/// When this is no module, or uses WebAssembly beyond its second version with tail calls and extended constants.
pub fn metered(wasm: &[u8], metering: Metering) -> Result<Vec<u8>, MeteringError> {
    Validator::new_with_features(FEATURES).validate_all(wasm)?;
    let content = Content::read(wasm)?;
    let read = |body| Flow::read(body, content.multiply);
    let flows = content.bodies.par_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let handed = if metering == Metering::Fuel { content.handed(&flows)? } else { vec![HashMap::new(); flows.len()] };
    let plan = Plan::new(&flows, content.imported_functions);
    let content = Content {
        copies: flows.iter().any(|flow| flow.copies),
        fills: flows.iter().any(|flow| flow.fills),
        has_more_state: content.has_more_state
            || content.functions.is_empty()
            || flows.iter().any(|flow| flow.changes_tables_or_segments),
        through: handed.iter().flat_map(HashMap::values).map(|handed| handed.counts).collect(),
        ..content
    };
    let write = |(index, (flow, handed))| write(metering, &content, index, flow, &plan, handed);
    let bodies = flows.par_iter().zip(&handed).enumerate().map(write).collect::<Result<Vec<_>, _>>()?;
    let mut writer = Writer { content: &content, code: CodeSection::new(), hints: BranchHints::new(), added: 0 };
    for (index, body) in (0..).zip(bodies.into_iter().chain(content.added_functions(metering))) {
        writer.code.function(&body.function);
        if !body.hints.is_empty() {
            let function = writer.function_index(content.imported_functions + index)?;
            writer.hints.function_hints(function, body.hints);
        }
    }
    let mut module = Module::new();
    writer.parse_core_module(&mut module, Parser::new(0), wasm)?;
    Ok(module.finish())
}

/// What is in a module.
#[derive(Default)]
struct Content<'a> {
    types: Vec<FuncType>,
    imported_functions: u32,
    globals: u32,
    /// The type of each function that is not imported.
    functions: Vec<u32>,
    bodies: Vec<FunctionBody<'a>>,
    /// The function that multiplies integers of 128 bits.
    multiply: Option<u32>,
    /// Whether it copies within its memory, and whether it fills parts of it.
    copies: bool,
    fills: bool,
    /// What goes through calls for more fuel: a function is added for each.
    through: BTreeSet<Counts>,
    /// The globals of its own that it can change.
    state: Vec<u32>,
    /// Whether it can change more than its memory and these.
    has_more_state: bool,
}

impl<'a> Content<'a> {
    fn read(wasm: &'a [u8]) -> Result<Self, MeteringError> {
        let mut content = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::TypeSection(types) => {
                    for group in types {
                        for subtype in group?.into_types() {
                            let CompositeInnerType::Func(function) = &subtype.composite_type.inner else {
                                return Err(MeteringError("it has types that are no functions".to_owned()));
                            };
                            content.types.push(function.clone());
                        }
                    }
                }
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        match import?.ty {
                            TypeRef::Func(_) => content.imported_functions += 1,
                            TypeRef::Global(global) => {
                                content.globals += 1;
                                content.has_more_state |= global.mutable;
                            }
                            _ => content.has_more_state = true,
                        }
                    }
                }
                Payload::FunctionSection(functions) => {
                    content.functions = functions.into_iter().collect::<Result<_, _>>()?;
                }
                Payload::GlobalSection(globals) => {
                    for global in globals {
                        let kind = global?.ty;
                        if kind.mutable {
                            content.state.push(content.globals);
                            content.has_more_state |= kind.content_type.is_reference_type();
                        }
                        content.globals += 1;
                    }
                }
                Payload::StartSection { .. } => content.has_more_state = true,
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export?;
                        if export.kind == ExternalKind::Func && export.name == peephole::EXPORT_MULTIPLY {
                            content.multiply = Some(export.index);
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => content.bodies.push(body),
                _ => {}
            }
        }
        content.multiply = content.multiply.filter(|function| {
            let defined = function.checked_sub(content.imported_functions);
            defined.is_some_and(|index| peephole::is_multiplication(content.type_of(index as usize)))
        });
        Ok(content)
    }

    /// The type of the function with this body.
    fn type_of(&self, index: usize) -> &FuncType {
        &self.types[self.functions[index] as usize]
    }

    /// The kinds of a function's locals, its parameters first.
    fn locals(&self, index: usize) -> Result<Vec<ValType>, MeteringError> {
        let mut moved = self.moved();
        let parameters = self.type_of(index).params().iter().map(|kind| Ok(moved.val_type(*kind)?));
        let mut kinds = parameters.collect::<Result<Vec<_>, MeteringError>>()?;
        for declared in self.bodies[index].get_locals_reader()? {
            let (count, kind) = declared?;
            kinds.extend(std::iter::repeat_n(moved.val_type(kind)?, count as usize));
        }
        Ok(kinds)
    }

    /// What goes through for each loop of each function.
    fn handed(&self, flows: &[Flow]) -> Result<Vec<HashMap<usize, Handed>>, MeteringError> {
        let of_function = |(index, flow): (usize, &Flow)| {
            let kinds = if flow.changed.is_empty() { Vec::new() } else { self.locals(index)? };
            let loops = flow.changed.iter();
            Ok(loops.filter_map(|(start, changed)| Some((*start, Handed::new(changed, &kinds)?))).collect())
        };
        flows.iter().enumerate().map(of_function).collect()
    }

    fn moved(&self) -> Moved {
        Moved { imported_functions: self.imported_functions }
    }

    fn parameters_count(&self, index: usize) -> u32 {
        u32::try_from(self.type_of(index).params().len()).unwrap_or(u32::MAX)
    }

    fn types_count(&self) -> u32 {
        u32::try_from(self.types.len()).unwrap_or(u32::MAX)
    }

    /// The first function that is added behind all others: the one that copies.
    fn copy_function(&self) -> u32 {
        self.imported_functions + 1 + u32::try_from(self.functions.len()).unwrap_or(u32::MAX)
    }

    fn fill_function(&self) -> u32 {
        self.copy_function() + u32::from(self.copies)
    }

    fn nothing_function(&self) -> u32 {
        self.fill_function() + u32::from(self.fills)
    }

    /// The function that calls for more fuel and hands this through.
    fn through_function(&self, counts: Counts) -> u32 {
        let before = u32::try_from(self.through.range(..counts).count()).unwrap_or(u32::MAX);
        self.nothing_function() + u32::from(!self.has_more_state) + before
    }

    /// The function that does what this operator would do, if there is one.
    fn in_place_of(&self, operator: &Operator<'_>, before: Option<&Operator<'_>>) -> Option<u32> {
        if copy::is_copy(operator) && !copy::is_short_constant(before) {
            Some(self.copy_function())
        } else {
            copy::is_fill(operator).then(|| self.fill_function())
        }
    }

    /// The types of the functions that are added, in their order.
    fn added_types(&self) -> impl Iterator<Item = u32> {
        let added = [(self.copies, 1), (self.fills, 1), (!self.has_more_state, 0)];
        let first = self.types_count();
        let through = (first + 2..).take(self.through.len());
        added.into_iter().filter(|(is_added, _)| *is_added).map(move |(_, kind)| first + kind).chain(through)
    }

    fn added_functions(&self, metering: Metering) -> Vec<Body> {
        let mut added = Vec::new();
        let take = |body: &mut Body, cost: &[Instruction<'_>]| {
            if metering == Metering::Fuel {
                body.take(cost);
            }
        };
        if self.copies {
            let mut body = self.body(copy::LOCALS.to_vec());
            copy::write_copy(&mut body, take);
            added.push(body);
        }
        if self.fills {
            let mut body = self.body(Vec::new());
            copy::write_fill(&mut body, take);
            added.push(body);
        }
        if !self.has_more_state {
            let mut body = self.body(Vec::new());
            body.all(&[Instruction::End]);
            added.push(body);
        }
        for counts in &self.through {
            let mut body = self.body(Vec::new());
            body.all(&[Instruction::Call(body.used_up)]);
            (0..counts.locals()).for_each(|local| body.all(&[Instruction::LocalGet(local)]));
            body.all(&[Instruction::End]);
            added.push(body);
        }
        added
    }

    fn body(&self, locals: Vec<(u32, ValType)>) -> Body {
        Body {
            function: Function::new(locals),
            hints: Vec::new(),
            fuel: self.globals,
            used_up: self.imported_functions,
        }
    }
}

/// A section that the module may lack, and gets something added to.
const ADDED_TO: [SectionId; 4] = [SectionId::Type, SectionId::Import, SectionId::Global, SectionId::Export];

/// Writes one function.
fn write(
    metering: Metering,
    content: &Content<'_>,
    index: usize,
    flow: &Flow,
    plan: &Plan,
    handed: &HashMap<usize, Handed>,
) -> Result<Body, MeteringError> {
    let mut moved = content.moved();
    let source = content.bodies[index].clone();
    let is_metered = metering == Metering::Fuel;
    let mut locals = Vec::new();
    for declared in source.get_locals_reader()? {
        let (count, kind) = declared?;
        locals.push((count, moved.val_type(kind)?));
    }
    // Keeps the length of a copy while it is paid.
    let length = content.parameters_count(index) + locals.iter().map(|(count, _)| count).sum::<u32>();
    let pays_bulk = is_metered && flow.has_bulk;
    if pays_bulk {
        locals.push((1, ValType::I32));
    }
    let mut scratch = Scratch::new(&source, content.multiply, length + u32::from(pays_bulk))?;
    locals.extend(scratch.locals());
    let mut body = content.body(locals);
    if is_metered && let Some(cost) = plan.entry(index) {
        body.take(&[Instruction::I64Const(cost)]);
    }
    let take_turn = |body: &mut Body, start| {
        let through = handed.get(&start).map(|handed| (content.through_function(handed.counts), &*handed.locals));
        body.take_through(&[Instruction::I64Const(plan.iteration(index, start))], through);
    };
    let mut before = None;
    for (at, operator) in source.get_operators_reader()?.into_iter().enumerate() {
        let operator = operator?;
        let previous = before.replace(operator.clone());
        let replacement = scratch.replacement(at, &operator)?;
        if let Some(function) = content.in_place_of(&operator, previous.as_ref()) {
            body.function.instruction(&Instruction::Call(function));
            continue;
        }
        body.hint(flow.hint(at));
        match (&operator, flow.back_to(at).filter(|_| is_metered)) {
            (Operator::BrIf { relative_depth }, Some(start)) => {
                body.function.instruction(&Instruction::If(BlockType::Empty));
                take_turn(&mut body, start);
                body.function.instruction(&Instruction::Br(relative_depth + 1));
                body.function.instruction(&Instruction::End);
                continue;
            }
            (_, Some(start)) => take_turn(&mut body, start),
            (_, None) if is_metered && flow::is_bulk(&operator) => {
                body.function.instruction(&Instruction::LocalSet(length));
                body.take(&[Instruction::LocalGet(length), Instruction::I64ExtendI32U]);
                body.function.instruction(&Instruction::LocalGet(length));
            }
            (_, None) => {}
        }
        match replacement {
            Some(instructions) => body.all(&instructions),
            None => body.all(&[moved.instruction(operator)?]),
        }
        if is_metered && flow.is_counted_at_start(at) {
            take_turn(&mut body, at);
        }
    }
    Ok(body)
}

/// The numbers that functions have in the module with fuel.
struct Moved {
    imported_functions: u32,
}

impl Reencode for Moved {
    type Error = std::convert::Infallible;

    /// The function that is imported on top comes behind the others that are.
    fn function_index(&mut self, function: u32) -> Result<u32, reencode::Error> {
        Ok(if function >= self.imported_functions { function + 1 } else { function })
    }
}

struct Writer<'a> {
    content: &'a Content<'a>,
    code: CodeSection,
    hints: BranchHints,
    /// How many of `ADDED_TO` are written.
    added: usize,
}

impl Writer<'_> {
    fn add_to_types(&self, types: &mut TypeSection) {
        types.ty().function([], []);
        types.ty().function(copy::PARAMETERS, []);
        for counts in &self.content.through {
            types.ty().function(counts.kinds(), counts.kinds());
        }
    }

    fn add_to_imports(&self, imports: &mut ImportSection) {
        imports.import(IMPORT_USED_UP.0, IMPORT_USED_UP.1, EntityType::Function(self.content.types_count()));
    }

    /// An instance begins without fuel.
    fn add_to_globals(&self, globals: &mut GlobalSection) {
        globals.global(GlobalType { val_type: ValType::I64, mutable: true, shared: false }, &ConstExpr::i64_const(0));
    }

    fn add_to_exports(&self, exports: &mut ExportSection) {
        exports.export(EXPORT_FUEL, ExportKind::Global, self.content.globals);
        if !self.content.has_more_state {
            exports.export(EXPORT_NOTHING, ExportKind::Func, self.content.nothing_function());
            for (index, global) in self.content.state.iter().enumerate() {
                exports.export(&format!("{EXPORT_STATE}{index}"), ExportKind::Global, *global);
            }
        }
    }

    /// The section with what is added to it alone.
    fn add_section(&self, module: &mut Module, section: SectionId) {
        match section {
            SectionId::Type => {
                let mut types = TypeSection::new();
                self.add_to_types(&mut types);
                module.section(&types);
            }
            SectionId::Import => {
                let mut imports = ImportSection::new();
                self.add_to_imports(&mut imports);
                module.section(&imports);
            }
            SectionId::Global => {
                let mut globals = GlobalSection::new();
                self.add_to_globals(&mut globals);
                module.section(&globals);
            }
            _ => {
                let mut exports = ExportSection::new();
                self.add_to_exports(&mut exports);
                module.section(&exports);
            }
        }
    }
}

/// Where a section stands in a module. The numbers alone do not tell: that of tags and of the count of data came later.
fn rank(section: SectionId) -> usize {
    const ORDER: [SectionId; 13] = [
        SectionId::Type,
        SectionId::Import,
        SectionId::Function,
        SectionId::Table,
        SectionId::Memory,
        SectionId::Tag,
        SectionId::Global,
        SectionId::Export,
        SectionId::Start,
        SectionId::Element,
        SectionId::DataCount,
        SectionId::Code,
        SectionId::Data,
    ];
    ORDER.iter().position(|one| *one == section).unwrap_or(ORDER.len())
}

impl Reencode for Writer<'_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, reencode::Error> {
        self.content.moved().function_index(function)
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        reencode::utils::parse_type_section(self, types, section)?;
        self.add_to_types(types);
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        reencode::utils::parse_import_section(self, imports, section)?;
        self.add_to_imports(imports);
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        reencode::utils::parse_function_section(self, functions, section)?;
        for kind in self.content.added_types() {
            functions.function(kind);
        }
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        reencode::utils::parse_global_section(self, globals, section)?;
        self.add_to_globals(globals);
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        reencode::utils::parse_export_section(self, exports, section)?;
        self.add_to_exports(exports);
        Ok(())
    }

    /// They are written already.
    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        _: wasmparser::CodeSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        *code = std::mem::take(&mut self.code);
        Ok(())
    }

    /// Names and the like say nothing that running needs.
    fn parse_custom_section(
        &mut self,
        _: &mut Module,
        _: wasmparser::CustomSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        Ok(())
    }

    /// Adds the sections that the module lacks, and the hints before the code.
    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        _: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Result<(), reencode::Error> {
        while let Some(section) = ADDED_TO.get(self.added).copied()
            && before.is_none_or(|before| rank(before) >= rank(section))
        {
            self.added += 1;
            if before != Some(section) {
                self.add_section(module, section);
            }
        }
        if before == Some(SectionId::Code) {
            module.section(&self.hints);
        }
        Ok(())
    }
}

/// A function while it is written.
struct Body {
    function: Function,
    hints: Vec<BranchHint>,
    /// The global with the fuel.
    fuel: u32,
    /// The host's function.
    used_up: u32,
}

impl Body {
    fn all(&mut self, instructions: &[Instruction<'_>]) {
        for instruction in instructions {
            self.function.instruction(instruction);
        }
    }

    /// Takes fuel, and calls the host when there is none.
    fn take(&mut self, cost: &[Instruction<'_>]) {
        self.take_through(cost, None);
    }

    /// The same with the function that hands these locals through.
    fn take_through(&mut self, cost: &[Instruction<'_>], through: Option<(u32, &[u32])>) {
        self.function.instruction(&Instruction::GlobalGet(self.fuel));
        self.all(cost);
        self.function.instruction(&Instruction::I64Sub);
        self.function.instruction(&Instruction::GlobalSet(self.fuel));
        self.function.instruction(&Instruction::GlobalGet(self.fuel));
        self.function.instruction(&Instruction::I64Const(0));
        self.function.instruction(&Instruction::I64LtS);
        self.hint(Some(false));
        self.function.instruction(&Instruction::If(BlockType::Empty));
        let (function, locals) = through.unwrap_or((self.used_up, &[]));
        locals.iter().for_each(|local| self.all(&[Instruction::LocalGet(*local)]));
        self.function.instruction(&Instruction::Call(function));
        locals.iter().rev().for_each(|local| self.all(&[Instruction::LocalSet(*local)]));
        self.function.instruction(&Instruction::End);
    }

    /// Whether the branch that comes next is likely to be taken.
    fn hint(&mut self, is_taken: Option<bool>) {
        if let (Some(is_taken), Ok(offset)) = (is_taken, u32::try_from(self.function.byte_len())) {
            self.hints.push(BranchHint { branch_func_offset: offset, branch_hint_value: u32::from(is_taken) });
        }
    }
}
