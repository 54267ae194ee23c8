//! Native code of the guest that comes with the binary, made when it was built: nobody waits for the compiler then, at the
//! first start on a machine. It is for the processors of the last ten years (x86-64-v3); on others, and where it is of
//! another snapshot or another build than this one, the guest is compiled as ever.

use crate::guest::{CACHE_FORMAT, GuestError, code_and_content, engine_config, unpack};
use crate::metering;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::{env::consts::ARCH, sync::Arc};
use wasmtime::{Engine, Module};

/// The processors that the code is for: a preset of Cranelift's settings, and what it is of.
#[cfg(target_arch = "x86_64")]
const PROCESSORS: Option<&str> = Some("x86-64-v3");
#[cfg(not(target_arch = "x86_64"))]
const PROCESSORS: Option<&str> = None;
/// The code's size once it is unpacked.
const CODE_BYTES_MAX: usize = 256 << 20;
const COMPRESSION_LEVEL: i32 = 12;
/// Bytes of the key that comes first.
const KEY_BYTES: usize = 8;

/// Makes the code for a compressed snapshot; empty where there is none for machines of this kind.
///
/// # Errors
/// When the snapshot is damaged or no guest.
pub fn carried_code(compressed: &[u8]) -> Result<Vec<u8>, GuestError> {
    let Some(engine) = engine()? else { return Ok(Vec::new()) };
    let (wasm, _) = code_and_content(unpack(compressed)?)?;
    let code = engine.precompile_module(&wasm)?;
    let packed = zstd::bulk::compress(&code, COMPRESSION_LEVEL).map_err(GuestError::Snapshot)?;
    Ok([key(&engine, compressed).as_slice(), &packed].concat())
}

/// The code of `carried`, if it is of this snapshot and this build, and this machine can run it.
pub(crate) fn code(carried: &[u8], compressed: &[u8], host: &Engine) -> Option<Vec<u8>> {
    let (noted, packed) = carried.split_at_checked(KEY_BYTES)?;
    let engine = engine().ok()??;
    if noted != key(&engine, compressed) {
        return None;
    }
    let code = zstd::bulk::decompress(packed, CODE_BYTES_MAX).ok()?;
    // The binary brings it along, as it does all of its own code. The engine looks whether the processor has all it uses.
    #[expect(unsafe_code, reason = "whether the code that the binary carries fits this machine")]
    let fits = unsafe { Module::deserialize(host, &code) }.is_ok();
    fits.then_some(code)
}

fn engine() -> Result<Option<Engine>, GuestError> {
    let Some(processors) = PROCESSORS else { return Ok(None) };
    let mut config = engine_config(&Arc::default());
    config.target(&format!("{ARCH}-unknown-linux-gnu"))?;
    // The setting says what instructions may be used; whoever loads the code checks that they are there.
    #[expect(unsafe_code, reason = "the code is for other processors than this one")]
    unsafe {
        config.cranelift_flag_enable(processors);
    }
    Ok(Some(Engine::new(&config)?))
}

/// What the code hangs on.
fn key(engine: &Engine, compressed: &[u8]) -> [u8; KEY_BYTES] {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    CACHE_FORMAT.hash(&mut hasher);
    metering::SOURCES.hash(&mut hasher);
    blake3::hash(compressed).as_bytes().hash(&mut hasher);
    hasher.finish().to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_of_one_snapshot_and_for_this_machine() {
        let compressed = |wat: &str| zstd::bulk::compress(&wat::parse_str(wat).unwrap(), 1).unwrap();
        let snapshot = compressed("(module (memory (export \"memory\") 1))");
        let carried = carried_code(&snapshot).unwrap();
        let host = Engine::new(&engine_config(&Arc::default())).unwrap();
        if carried.is_empty() {
            return;
        }
        assert!(code(&carried, &snapshot, &host).is_some());
        assert!(code(&carried, &compressed("(module (memory (export \"memory\") 2))"), &host).is_none());
        assert!(code(&[], &snapshot, &host).is_none());
        let mut other = carried.clone();
        other[0] ^= 1;
        assert!(code(&other, &snapshot, &host).is_none());
        assert!(code(&carried[..carried.len() - 1], &snapshot, &host).is_none());
        // A machine that cannot run it: here one whose floating point would differ.
        let mut config = engine_config(&Arc::default());
        config.wasm_simd(false);
        assert!(code(&carried, &snapshot, &Engine::new(&config).unwrap()).is_none());
    }
}
