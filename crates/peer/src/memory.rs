//! Keys and values. No sockets, no clock: the time comes in as `now`.

use crate::config::MemoryLimits;
use sandlot_protocol::{Key, RawJson, request::SetMem};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    time::{Duration, Instant},
};

/// What an entry costs besides its key and value.
const ENTRY_BYTES: usize = 128;
/// An expiry further away than this is as good as none.
const TTL_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Why a key was not set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// No room.
    #[error("the memory is full: {used} of {max} {unit} are used, and this needs {needed}")]
    Full {
        /// In use.
        used: usize,
        /// The limit.
        max: usize,
        /// Of this one.
        needed: usize,
        /// Bytes or keys.
        unit: &'static str,
    },
    /// The value is too large by itself.
    #[error("a value has at most {max} bytes of JSON, this one has {bytes}")]
    ValueTooLarge {
        /// Of this one.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// The key has another version.
    #[error("the key has version {found}, not {expected}{}", if *.expected == 0 { " (0 means: must be absent)" } else { "" })]
    Conflict {
        /// What was asked for.
        expected: u64,
        /// What it is; 0 when it is absent.
        found: u64,
    },
}

/// The keys and values of one peer.
#[derive(Debug)]
pub struct Memory {
    entries: BTreeMap<Key, Entry>,
    expiries: BTreeSet<(Instant, Key)>,
    used_bytes: usize,
    last_version: u64,
    limits: MemoryLimits,
}

#[derive(Debug)]
struct Entry {
    value: RawJson,
    version: u64,
    expires_at: Option<Instant>,
}

/// A key, as lists tell of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KeyRecord {
    /// The key.
    pub key: Key,
    /// Its version.
    pub version: u64,
    /// Bytes of its value's JSON.
    pub bytes: usize,
    /// Milliseconds until it is gone; `None` for a key that stays.
    pub ttl_ms: Option<u64>,
}

/// What the memory holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MemoryStatus {
    /// Keys.
    pub keys: usize,
    /// Bytes in use.
    pub bytes: usize,
    /// Bytes at most.
    pub bytes_max: usize,
}

impl Memory {
    /// An empty memory.
    #[must_use]
    pub fn new(limits: MemoryLimits) -> Self {
        Self { entries: BTreeMap::new(), expiries: BTreeSet::new(), used_bytes: 0, last_version: 0, limits }
    }

    /// Sets a key and tells its new version.
    ///
    /// # Errors
    /// When there is no room, or the key has another version than asked for. Nothing has changed then.
    pub fn set(&mut self, set: SetMem, now: Instant) -> Result<u64, MemoryError> {
        self.expire(now);
        self.check_version(&set.key, set.if_version)?;
        let bytes = cost(&set.key, &set.value);
        if set.value.get().len() > self.limits.value_bytes_max {
            return Err(MemoryError::ValueTooLarge { bytes: set.value.get().len(), max: self.limits.value_bytes_max });
        }
        let replaced = self.entries.get(&set.key).map_or(0, |entry| cost(&set.key, &entry.value));
        if self.used_bytes - replaced + bytes > self.limits.bytes_max {
            let (used, max) = (self.used_bytes, self.limits.bytes_max);
            return Err(MemoryError::Full { used, max, needed: bytes, unit: "bytes" });
        }
        if replaced == 0 && self.entries.len() >= self.limits.keys_max {
            let (used, max) = (self.entries.len(), self.limits.keys_max);
            return Err(MemoryError::Full { used, max, needed: 1, unit: "keys" });
        }
        self.remove(&set.key);
        // One counter for all keys: a key that was deleted and set again never has an old version.
        self.last_version += 1;
        let expires_at = set.ttl_ms.map(|ttl_ms| now + Duration::from_millis(ttl_ms).min(TTL_MAX));
        self.expiries.extend(expires_at.map(|at| (at, set.key.clone())));
        self.used_bytes += bytes;
        self.entries.insert(set.key, Entry { value: set.value, version: self.last_version, expires_at });
        Ok(self.last_version)
    }

    /// A key's value and version.
    pub fn get(&mut self, key: &Key, now: Instant) -> Option<(&RawValue, u64)> {
        self.expire(now);
        self.entries.get(key).map(|entry| (&*entry.value, entry.version))
    }

    /// Deletes a key; tells whether it was there.
    ///
    /// # Errors
    /// When the key has another version than asked for.
    pub fn delete(&mut self, key: &Key, if_version: Option<u64>, now: Instant) -> Result<bool, MemoryError> {
        self.expire(now);
        self.check_version(key, if_version)?;
        Ok(self.remove(key))
    }

    /// The first `limit` keys behind `after` that start with `prefix`, in order, and how many start so in all.
    pub fn list(&mut self, prefix: &str, after: &str, limit: usize, now: Instant) -> (Vec<KeyRecord>, usize) {
        self.expire(now);
        let record = |(key, entry): (&Key, &Entry)| KeyRecord {
            key: key.clone(),
            version: entry.version,
            bytes: entry.value.get().len(),
            ttl_ms: entry
                .expires_at
                .map(|at| u64::try_from(at.saturating_duration_since(now).as_millis()).unwrap_or(u64::MAX)),
        };
        let matching = |start: Bound<Key>| {
            let from = self.entries.range((start, Bound::Unbounded));
            from.skip_while(|(key, _)| key.as_str() < prefix).take_while(|(key, _)| key.as_str().starts_with(prefix))
        };
        let first = prefix.parse::<Key>().map_or(Bound::Unbounded, Bound::Included);
        let next = after.parse::<Key>().ok().filter(|_| after > prefix).map_or_else(|| first.clone(), Bound::Excluded);
        (matching(next).take(limit).map(record).collect(), matching(first).count())
    }

    /// What the memory holds.
    pub fn status(&mut self, now: Instant) -> MemoryStatus {
        self.expire(now);
        MemoryStatus { keys: self.entries.len(), bytes: self.used_bytes, bytes_max: self.limits.bytes_max }
    }

    fn check_version(&self, key: &Key, if_version: Option<u64>) -> Result<(), MemoryError> {
        let found = self.entries.get(key).map_or(0, |entry| entry.version);
        match if_version {
            Some(expected) if expected != found => Err(MemoryError::Conflict { expected, found }),
            _ => Ok(()),
        }
    }

    fn remove(&mut self, key: &Key) -> bool {
        let Some(entry) = self.entries.remove(key) else { return false };
        self.used_bytes -= cost(key, &entry.value);
        if let Some(at) = entry.expires_at {
            self.expiries.remove(&(at, key.clone()));
        }
        true
    }

    fn expire(&mut self, now: Instant) {
        while let Some((at, key)) = self.expiries.first()
            && *at <= now
        {
            let key = key.clone();
            self.remove(&key);
        }
    }
}

fn cost(key: &Key, value: &RawValue) -> usize {
    key.as_str().len() + value.get().len() + ENTRY_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sandlot_net::clock;

    fn set(key: &str, value: &str) -> SetMem {
        let value = sandlot_protocol::raw_json(value.to_owned()).unwrap();
        SetMem { key: key.parse().unwrap(), value, ttl_ms: None, if_version: None }
    }

    fn get(memory: &mut Memory, key: &str, now: Instant) -> Option<(String, u64)> {
        memory.get(&key.parse().unwrap(), now).map(|(value, version)| (value.get().to_owned(), version))
    }

    #[test]
    fn compare_and_set() {
        let (mut memory, now) = (Memory::new(MemoryLimits::default()), clock::now());
        let absent = |key| SetMem { if_version: Some(0), ..set(key, "1") };
        assert_eq!(memory.set(absent("a"), now), Ok(1));
        assert_eq!(memory.set(absent("a"), now), Err(MemoryError::Conflict { expected: 0, found: 1 }));
        assert_eq!(memory.set(SetMem { if_version: Some(1), ..set("a", "null") }, now), Ok(2));
        assert_eq!(get(&mut memory, "a", now), Some(("null".to_owned(), 2)));
        assert!(memory.delete(&"a".parse().unwrap(), Some(1), now).is_err());
        assert_eq!(memory.delete(&"a".parse().unwrap(), Some(2), now), Ok(true));
        assert_eq!(memory.set(absent("a"), now), Ok(3), "versions never come again");
    }

    #[test]
    fn a_key_expires() {
        let (mut memory, now) = (Memory::new(MemoryLimits::default()), clock::now());
        memory.set(SetMem { ttl_ms: Some(1000), ..set("a", "1") }, now).unwrap();
        assert!(get(&mut memory, "a", now + Duration::from_millis(999)).is_some());
        assert!(get(&mut memory, "a", now + Duration::from_millis(1000)).is_none());
        assert_eq!(memory.status(now + Duration::from_secs(2)).bytes, 0);
        memory.set(SetMem { ttl_ms: Some(u64::MAX), ..set("b", "1") }, now).unwrap();
    }

    #[test]
    fn limits_bind_and_leave_things_as_they_were() {
        let limits = MemoryLimits { bytes_max: 2 * ENTRY_BYTES + 20, keys_max: 2, value_bytes_max: 10 };
        let (mut memory, now) = (Memory::new(limits), clock::now());
        memory.set(set("a", "1"), now).unwrap();
        assert!(matches!(memory.set(set("a", "12345678901"), now), Err(MemoryError::ValueTooLarge { .. })));
        memory.set(set("b", "1234567890"), now).unwrap();
        assert!(matches!(memory.set(set("a", "1234567890"), now), Err(MemoryError::Full { unit: "bytes", .. })));
        memory.set(set("b", "1"), now).unwrap();
        let limits = MemoryLimits { keys_max: 1, ..MemoryLimits::default() };
        let mut memory = Memory::new(limits);
        memory.set(set("a", "1"), now).unwrap();
        assert!(matches!(memory.set(set("b", "1"), now), Err(MemoryError::Full { unit: "keys", .. })));
        assert_eq!(get(&mut memory, "a", now).unwrap().0, "1");
    }

    #[test]
    fn lists_are_by_prefix() {
        let (mut memory, now) = (Memory::new(MemoryLimits::default()), clock::now());
        for key in ["a", "user:1", "user:2", "user:3", "v"] {
            memory.set(set(key, "1"), now).unwrap();
        }
        let (keys, count) = memory.list("user:", "", 2, now);
        assert_eq!(keys.iter().map(|record| record.key.as_str()).collect::<Vec<_>>(), ["user:1", "user:2"]);
        assert_eq!((count, memory.list("", "", 100, now).1), (3, 5));
    }

    proptest! {
        #[test]
        fn the_account_is_right(steps in proptest::collection::vec((0u8..4, 0u8..5, 0u64..100), 0..100)) {
            let (mut memory, start) = (Memory::new(MemoryLimits::default()), clock::now());
            let mut now = start;
            for (step, key, number) in steps {
                let key = format!("k{key}");
                match step {
                    0 => { memory.set(set(&key, &number.to_string()), now).unwrap(); }
                    1 => { memory.set(SetMem { ttl_ms: Some(number), ..set(&key, "1") }, now).unwrap(); }
                    2 => { memory.delete(&key.parse().unwrap(), None, now).unwrap(); }
                    _ => now += Duration::from_millis(number),
                }
                let (keys, count) = memory.list("", "", 100, now);
                let bytes: usize = keys.iter().map(|r| r.key.as_str().len() + r.bytes + ENTRY_BYTES).sum();
                let status = memory.status(now);
                prop_assert_eq!((status.keys, status.bytes), (count, bytes));
                prop_assert!(memory.expiries.len() <= count);
            }
        }
    }
}
