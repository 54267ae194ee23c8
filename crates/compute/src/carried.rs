//! Native code of the guest that comes with the binary, made when it was built: nobody waits for the compiler then, at the
//! first start on a machine. It is for processors with AVX2 (x86-64-v3); on others, and where it is of another snapshot or
//! another build than this one, the guest is compiled there.

use crate::guest::{GuestError, build_hasher, code_and_content, engine_config, unpack};
use std::hash::{Hash, Hasher};
use std::{env::consts::ARCH, sync::Arc};
use wasmtime::{Engine, Module};

/// The processors that the code is for, by Cranelift's settings; its preset alone leaves AVX out, and with it AVX2.
#[cfg(target_arch = "x86_64")]
const PROCESSORS: &[&str] = &["x86-64-v3", "has_avx"];
#[cfg(not(target_arch = "x86_64"))]
const PROCESSORS: &[&str] = &[];
/// The code's size once it is unpacked.
const CODE_BYTES_MAX: usize = 256 << 20;
const COMPRESSION_LEVEL: i32 = 12;
/// Bytes of the key that comes first, and of the code's digest behind it.
const KEY_BYTES: usize = 8;
const DIGEST_BYTES: usize = blake3::OUT_LEN;

/// Makes the code for a compressed snapshot; empty where there is none for machines of this kind. Whoever hands it on to
/// `Guest::load` must keep it as they keep the binary's own code.
///
/// # Errors
/// When the snapshot is damaged or no guest.
pub fn carried_code(compressed: &[u8]) -> Result<Vec<u8>, GuestError> {
    let Some(engine) = engine()? else { return Ok(Vec::new()) };
    let (wasm, _) = code_and_content(unpack(compressed)?)?;
    let code = engine.precompile_module(&wasm)?;
    let packed = zstd::bulk::compress(&code, COMPRESSION_LEVEL).map_err(GuestError::Snapshot)?;
    Ok([key(&engine, compressed).as_slice(), blake3::hash(&code).as_bytes(), &packed].concat())
}

/// The code of `carried`, if it is of this snapshot and this build, and this machine can run it.
pub(crate) fn code(carried: &[u8], compressed: &[u8], host: &Engine) -> Option<Vec<u8>> {
    let (noted, rest) = carried.split_at_checked(KEY_BYTES)?;
    let (digest, packed) = rest.split_at_checked(DIGEST_BYTES)?;
    let engine = engine().ok()??;
    if noted != key(&engine, compressed) {
        return None;
    }
    let code = zstd::bulk::decompress(packed, CODE_BYTES_MAX).ok()?;
    if blake3::hash(&code).as_bytes() != digest {
        return None;
    }
    // The binary brings it along, as it does all of its own code. The engine looks whether the processor has all it uses.
    #[expect(unsafe_code, reason = "whether the code that the binary carries fits this machine")]
    let fits = unsafe { Module::deserialize(host, &code) }.is_ok();
    fits.then_some(code)
}

fn engine() -> Result<Option<Engine>, GuestError> {
    if PROCESSORS.is_empty() {
        return Ok(None);
    }
    let mut config = engine_config(&Arc::default());
    config.target(&format!("{ARCH}-unknown-linux-gnu"))?;
    // The setting says what instructions may be used; whoever loads the code checks that they are there.
    #[expect(unsafe_code, reason = "the code is for other processors than this one")]
    unsafe {
        for setting in PROCESSORS {
            config.cranelift_flag_enable(setting);
        }
    }
    Ok(Some(Engine::new(&config)?))
}

/// What the code hangs on.
fn key(engine: &Engine, compressed: &[u8]) -> [u8; KEY_BYTES] {
    let mut hasher = build_hasher(engine);
    blake3::hash(compressed).as_bytes().hash(&mut hasher);
    hasher.finish().to_le_bytes()
}

/// Whether this machine is one that the code is for.
#[cfg(test)]
pub(crate) fn runs_here() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
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
        let whole = code(&carried, &snapshot, &host);
        assert_eq!(whole.is_some(), runs_here());
        assert!(code(&carried, &compressed("(module (memory (export \"memory\") 2))"), &host).is_none());
        assert!(code(&[], &snapshot, &host).is_none());
        for at in (0..carried.len()).step_by(31) {
            let mut other = carried.clone();
            other[at] ^= 1;
            let found = code(&other, &snapshot, &host);
            assert!(found.is_none() || found == whole, "{at} of {}", carried.len());
            assert!(code(&carried[..at], &snapshot, &host).is_none(), "{at} of {}", carried.len());
        }
        // An engine with other settings.
        let mut config = engine_config(&Arc::default());
        config.wasm_simd(false);
        assert!(code(&carried, &snapshot, &Engine::new(&config).unwrap()).is_none());
    }
}
