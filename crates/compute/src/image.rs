//! What a guest's memory holds before its first instruction, apart from its code.
//!
//! A module brings the first content of its memory along, as data segments. Laid out once into a file of memory, that
//! content is mapped into every sandbox copy-on-write, and is what a used sandbox's pages are restored from.

use rustix::{
    fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create},
    mm::{MapFlags, ProtFlags, mmap, munmap},
};
use std::{fs::File, io, ops::Range, os::unix::fs::FileExt, ptr::null_mut};
use wasm_encoder::RawSection;
use wasmparser::{ConstExpr, Data, DataKind, Operator, Parser, Payload};

/// What decides what is taken out of a module: code that was made with another one is not to be used.
pub(crate) const SOURCE: &str = include_str!("image.rs");

/// The larger part of an image is zeros, and what is zero takes no memory in its file.
const PART_BYTES: usize = 4096;

/// A module without the first content of its memory, and that content.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Split {
    /// The module.
    pub(crate) wasm: Vec<u8>,
    /// All of the memory that it begins with.
    pub(crate) content: Vec<u8>,
}

/// Takes a module's data segments out of it. `None` when not all of them have their place in its only memory before it
/// is instantiated.
///
/// # Errors
/// When this is no module.
pub(crate) fn split(wasm: &[u8]) -> Result<Option<Split>, wasmparser::BinaryReaderError> {
    let mut module = wasm_encoder::Module::new();
    let mut content: Option<Vec<u8>> = None;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        match &payload {
            Payload::MemorySection(memories) if memories.count() == 1 => {
                let memory = memories.clone().into_iter().next().transpose()?;
                let bytes =
                    memory.filter(|memory| memory.page_size_log2.is_none() && !memory.memory64 && !memory.shared);
                content = bytes.map(|memory| vec![0; (memory.initial << 16) as usize]);
            }
            // Code names segments; or it runs before anybody asks for it.
            Payload::DataCountSection { .. } | Payload::StartSection { .. } => return Ok(None),
            Payload::DataSection(segments) => {
                for segment in segments.clone() {
                    let segment = segment?;
                    // Code that names no segment never uses one that has no place.
                    if matches!(segment.kind, DataKind::Passive) {
                        continue;
                    }
                    let room = content.as_mut().and_then(|content| room(content, &segment));
                    let Some(room) = room else { return Ok(None) };
                    room.copy_from_slice(segment.data);
                }
                continue;
            }
            _ => {}
        }
        if let Some((id, range)) = payload.as_section() {
            module.section(&RawSection { id, data: &wasm[range] });
        }
    }
    Ok(content.map(|content| Split { wasm: module.finish(), content }))
}

/// Where a segment belongs.
fn room<'a>(content: &'a mut [u8], segment: &Data<'_>) -> Option<&'a mut [u8]> {
    let DataKind::Active { memory_index: 0, offset_expr } = &segment.kind else { return None };
    let start = constant(offset_expr)? as usize;
    content.get_mut(start..start.checked_add(segment.data.len())?)
}

fn constant(expression: &ConstExpr<'_>) -> Option<u32> {
    let mut operators = expression.get_operators_reader();
    match (operators.read().ok()?, operators.read().ok()?) {
        (Operator::I32Const { value }, Operator::End) => Some(value.cast_unsigned()),
        _ => None,
    }
}

/// The content as a file that can be mapped, and mapped to be read.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) file: File,
    base: *const u8,
    bytes: usize,
}

#[expect(unsafe_code, reason = "nobody can write to the mapping, and it lives as long as the image")]
// SAFETY: read by all threads, written by none.
unsafe impl Send for Image {}
#[expect(unsafe_code, reason = "as above")]
// SAFETY: as above.
unsafe impl Sync for Image {}

impl Image {
    /// Of this file, which nobody changes any more. Processes that have the same file share its memory.
    ///
    /// # Errors
    /// When it cannot be mapped.
    pub(crate) fn of_file(file: File) -> io::Result<Self> {
        let bytes = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        #[expect(unsafe_code, reason = "a new mapping, at an address that the kernel chooses")]
        // SAFETY: nothing is mapped over.
        let base = unsafe { mmap(null_mut(), bytes, ProtFlags::READ, MapFlags::PRIVATE, &file, 0) }?;
        Ok(Self { file, base: base.cast_const().cast(), bytes })
    }

    /// In memory alone, sealed.
    ///
    /// # Errors
    /// When the machine has no memory for it.
    pub(crate) fn in_memory(content: &[u8]) -> io::Result<Self> {
        let file = File::from(memfd_create("sandlot-guest", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?);
        file.set_len(content.len() as u64)?;
        for (index, part) in
            content.chunks(PART_BYTES).enumerate().filter(|(_, part)| part.iter().any(|&byte| byte != 0))
        {
            file.write_all_at(part, (index * PART_BYTES) as u64)?;
        }
        fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        Self::of_file(file)
    }

    /// How large the memory is at first.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// All of it.
    pub(crate) fn content(&self) -> &[u8] {
        #[expect(unsafe_code, reason = "the image owns the mapping")]
        // SAFETY: it was mapped with this size, lives as long as the image, and nobody writes to it.
        unsafe {
            std::slice::from_raw_parts(self.base, self.bytes)
        }
    }

    /// Writes what it has in these ranges of bytes to the same places of the memory at this address.
    ///
    /// # Safety
    /// The memory has the image's size, and nobody else has it.
    #[expect(unsafe_code, reason = "one copy for each range")]
    pub(crate) unsafe fn copy_to(&self, memory: *mut u8, ranges: &[Range<usize>]) {
        for range in ranges {
            debug_assert!(range.end <= self.bytes, "ranges are the memory's own");
            // SAFETY: within the image and within the memory, which lie apart; the image is only read.
            unsafe { memory.add(range.start).copy_from_nonoverlapping(self.base.add(range.start), range.len()) };
        }
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "the image owns the mapping")]
        // SAFETY: it was mapped with this size, and nobody has it but the image.
        let _ = unsafe { munmap(self.base.cast_mut().cast(), self.bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(wat: &str) -> Option<Split> {
        split(&wat::parse_str(wat).unwrap()).unwrap()
    }

    #[test]
    fn segments_are_laid_out_in_their_order() {
        let wat = |data: &str| format!("(module (memory 1) {data} (func (export \"f\")))");
        let found = parts(&wat("(data (i32.const 3) \"abc\") (data (i32.const 4) \"xy\\00\")")).unwrap();
        assert_eq!((found.content.len(), &found.content[2..8]), (65_536, &b"\0axy\0\0"[..]));
        assert_eq!(found, Split { content: found.content.clone(), ..parts(&wat("")).unwrap() });
    }

    #[test]
    fn what_is_placed_later_stays_in_the_module() {
        for wat in [
            "(module)",
            "(module (memory 1) (data \"passive\") (func (data.drop 0)))",
            "(module (memory 1) (data (i32.const 0) \"ab\") (func (data.drop 0)))",
            "(module (memory 1) (data (i32.const 0) \"ab\") (func $f) (start $f))",
            "(module (memory 1) (data (i32.const 65535) \"ab\"))",
            "(module (memory 1) (data (i32.const -1) \"ab\"))",
            "(module (memory 1) (memory 1) (data (i32.const 0) \"ab\"))",
            "(module (import \"e\" \"m\" (memory 1)) (data (i32.const 0) \"ab\"))",
            "(module (import \"e\" \"g\" (global i32)) (memory 1) (data (global.get 0) \"ab\"))",
            "(module (memory i64 1) (data (i64.const 0) \"ab\"))",
        ] {
            assert_eq!(parts(wat), None, "{wat}");
        }
        assert!(split(b"nonsense").is_err());
    }

    #[test]
    fn nobody_can_write_to_an_image() {
        let image = Image::in_memory(&[vec![0; 8192], vec![7; 4096]].concat()).unwrap();
        let mut read = [0; 2];
        image.file.read_exact_at(&mut read, 8191).unwrap();
        assert_eq!((read, image.bytes()), ([0, 7], 12_288));
        assert!(image.file.write_all_at(b"x", 0).is_err());
        assert!(image.file.set_len(1).is_err());
    }
}
