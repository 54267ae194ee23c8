//! Compiled programs by their source: compiling takes longer than running many a program does. And what becomes of a guest
//! that is told of a program, by the program and how it is called.
//!
//! What is kept was made in this process, by the guest, before anything of the program ran; it never comes from a peer.

use crate::slots::Changes;
use lru::LruCache;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of compiled code that are kept, together.
pub(crate) const CODES_BYTES_MAX: usize = 64 << 20;
/// Bytes of one program's compiled code; larger ones are compiled each time.
pub(crate) const CODE_BYTES_MAX: usize = 4 << 20;
/// Bytes in which a guest may differ that was told of a program; otherwise it is told each time.
pub(crate) const CHANGES_BYTES_MAX: usize = 256 << 10;
/// Programs that are remembered, compiled or seen once.
pub(crate) const PROGRAMS_MAX: usize = 4096;

/// BLAKE3 of a program and its name.
pub(crate) type CodeKey = blake3::Hash;

/// The key of a program: its code holds its name too.
pub(crate) fn code_key(program: &str, filename: &str) -> CodeKey {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(filename.len() as u64).to_le_bytes()).update(filename.as_bytes()).update(program.as_bytes());
    hasher.finalize()
}

/// The key of a program in its place, by the program's.
pub(crate) fn placed_key(program: CodeKey, function: &str, argv: &[String]) -> CodeKey {
    let mut hasher = blake3::Hasher::new_derive_key("sandlot program in its place");
    hasher.update(program.as_bytes());
    for text in argv.iter().map(String::as_str).chain([function]) {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    hasher.finalize()
}

/// What is known of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// It was not here before, or cannot be kept.
    New,
    /// It was here before: its code should be kept.
    Again,
    /// Its code.
    Code(Arc<[u8]>),
    /// How a guest differs that was told of it.
    Placed(Arc<Changes>),
}

/// Compiled programs, those that were used last.
#[derive(Debug)]
pub(crate) struct CodeCache {
    codes: Mutex<Codes>,
}

#[derive(Debug)]
struct Codes {
    programs: LruCache<CodeKey, Found>,
    bytes: usize,
}

impl Default for CodeCache {
    fn default() -> Self {
        Self { codes: Mutex::new(Codes { programs: LruCache::unbounded(), bytes: 0 }) }
    }
}

impl CodeCache {
    /// What is known of this program. It has been here from now on.
    pub(crate) fn find(&self, key: CodeKey) -> Found {
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = codes.programs.get(&key) {
            return found.clone();
        }
        codes.put(key, Found::Again);
        Found::New
    }

    /// What is known of a program in its place; `None` when nobody has tried yet to keep it.
    pub(crate) fn find_placed(&self, key: CodeKey) -> Option<Found> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner).programs.get(&key).cloned()
    }

    /// Keeps how a guest differs that was told of a program; without that it is not asked for again.
    pub(crate) fn keep_placed(&self, key: CodeKey, changes: Option<Changes>) {
        let found = changes.map_or(Found::New, |changes| Found::Placed(Arc::new(changes)));
        self.codes.lock().unwrap_or_else(PoisonError::into_inner).put(key, found);
    }

    /// Keeps a program's code; without one it is not asked for again.
    pub(crate) fn keep(&self, key: CodeKey, code: Option<&[u8]>) {
        let code = code.filter(|code| code.len() <= CODE_BYTES_MAX);
        let found = code.map_or(Found::New, |code| Found::Code(code.into()));
        self.codes.lock().unwrap_or_else(PoisonError::into_inner).put(key, found);
    }
}

impl Codes {
    fn put(&mut self, key: CodeKey, found: Found) {
        self.bytes += bytes(&found);
        if let Some(before) = self.programs.put(key, found) {
            self.bytes -= bytes(&before);
        }
        while (self.bytes > CODES_BYTES_MAX || self.programs.len() > PROGRAMS_MAX)
            && let Some((_, oldest)) = self.programs.pop_lru()
        {
            self.bytes -= bytes(&oldest);
        }
    }
}

fn bytes(found: &Found) -> usize {
    match found {
        Found::Code(code) => code.len(),
        Found::Placed(changes) => changes.bytes(),
        Found::New | Found::Again => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> CodeKey {
        code_key(&number.to_string(), "<program>")
    }

    #[test]
    fn a_program_is_kept_the_second_time() {
        let cache = CodeCache::default();
        assert_eq!(cache.find(key(1)), Found::New);
        assert_eq!(cache.find(key(1)), Found::Again);
        cache.keep(key(1), Some(b"code"));
        assert_eq!(cache.find(key(1)), Found::Code(b"code".as_slice().into()));
        assert_ne!(code_key("a", "bc"), code_key("ca", "b"));
    }

    #[test]
    fn what_cannot_be_kept_is_not_asked_for_again() {
        let cache = CodeCache::default();
        for code in [None, Some(vec![0; CODE_BYTES_MAX + 1])] {
            cache.find(key(1));
            cache.keep(key(1), code.as_deref());
            assert_eq!(cache.find(key(1)), Found::New);
        }
    }

    #[test]
    fn a_program_in_its_place_is_kept_by_how_it_is_called() {
        let cache = CodeCache::default();
        let key = |function: &str, argv: &[&str]| {
            placed_key(key(1), function, &argv.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
        };
        let keys = [key("main", &[""]), key("main", &[]), key("main", &["", ""]), key("", &["main"]), key("f", &[""])];
        for (index, one) in keys.iter().enumerate() {
            assert_eq!(cache.find_placed(*one), None, "{index}");
            cache.keep_placed(*one, None);
            assert_eq!(cache.find_placed(*one), Some(Found::New), "{index}");
        }
    }

    #[test]
    fn its_limits_bind() {
        let cache = CodeCache::default();
        for number in 0..=CODES_BYTES_MAX / CODE_BYTES_MAX {
            cache.keep(key(number), Some(&vec![0; CODE_BYTES_MAX]));
        }
        assert_eq!(cache.find(key(0)), Found::New);
        assert!(matches!(cache.find(key(1)), Found::Code(_)));
        for number in 100..100 + PROGRAMS_MAX {
            cache.find(key(number));
        }
        let codes = cache.codes.lock().unwrap();
        assert_eq!((codes.programs.len(), codes.bytes), (PROGRAMS_MAX, 0));
    }
}
