//! Functions of the guest that run in place of its libraries' own: the code of one is copied over the code of the other. For
//! loops that Cranelift makes much slower code of than LLVM does.

use anyhow::{Context, Result, ensure};
use std::collections::HashMap;
use wasm_encoder::{CodeSection, Module, RawSection, SectionId};
use wasmparser::{ExternalKind, KnownCustom, Name, Parser, Payload};

/// By what the guest exports: the crate and the end of the mangled name (rustc's version 0) of the function that it takes the
/// place of, a method.
const REPLACED: [(&str, &str, &str); 1] = [("times_limb", "malachite_nz", "7Natural12mul_limb_ref")];

/// The same module with our functions in place of the libraries'. Their names tell which: a module without such names, which
/// Debian's compiler makes, keeps its libraries' own.
pub(crate) fn replace(wasm: &[u8]) -> Result<Vec<u8>> {
    let (mut imported, mut types, mut bodies) = (0, Vec::new(), Vec::new());
    let (mut exported, mut names) = (HashMap::new(), Vec::new());
    let parse = || Parser::new(0).parse_all(wasm);
    for payload in parse() {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += usize::from(matches!(import?.ty, wasmparser::TypeRef::Func(_)));
                }
            }
            Payload::FunctionSection(functions) => types = functions.into_iter().collect::<Result<_, _>>()?,
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    if export.kind == ExternalKind::Func {
                        exported.insert(export.name, export.index as usize);
                    }
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range()),
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(kinds) = section.as_known() {
                    for kind in kinds {
                        if let Name::Function(map) = kind? {
                            names = map.into_iter().collect::<Result<_, _>>()?;
                        }
                    }
                }
            }
            _ => {}
        }
    }
    if !names.iter().any(|naming| naming.name.starts_with("_R")) {
        eprintln!("snapshot: functions have no names of rustc's version 0, so none is replaced");
        return Ok(wasm.to_vec());
    }
    for (export, library, end) in REPLACED {
        let is_it = |name: &str| name.starts_with("_RNvM") && name.contains(library) && name.ends_with(end);
        let mut named = names.iter().filter(|naming| is_it(naming.name)).map(|naming| naming.index as usize);
        let (theirs, another) = (named.next(), named.next());
        let theirs = theirs.and_then(|index| index.checked_sub(imported));
        let theirs =
            theirs.with_context(|| format!("no function of {library} ends with {end}: {export} is of no use"))?;
        ensure!(another.is_none(), "several functions of {library} end with {end}");
        let ours = exported.get(export).and_then(|index: &usize| index.checked_sub(imported));
        let ours = ours.with_context(|| format!("the guest does not export {export}"))?;
        ensure!(types[theirs] == types[ours], "{export} takes or gives something else than what ends with {end}");
        bodies[theirs] = bodies[ours].clone();
    }
    let mut module = Module::new();
    for payload in parse() {
        let payload = payload?;
        // What other custom sections tell of places in the code is no longer so.
        if matches!(&payload, Payload::CustomSection(section) if section.name() != "name") {
            continue;
        }
        match payload.as_section() {
            Some((id, _)) if id == SectionId::Code as u8 => {
                let mut code = CodeSection::new();
                bodies.iter().for_each(|body| _ = code.raw(&wasm[body.clone()]));
                module.section(&code);
            }
            Some((id, range)) => _ = module.section(&RawSection { id, data: &wasm[range] }),
            None => {}
        }
    }
    Ok(module.finish())
}
