//! How many tasks there may be that have not ended, and how large: in all, of one host, of one submitter.

use crate::config::TaskTableLimits;
use sandlot_compute::Submitter;
use std::{collections::HashMap, sync::Arc};

/// What a host may have of what there is: the rest is for others.
const HOST_SHARE: (u64, u64) = (3, 4);

#[derive(Debug)]
pub(crate) struct Quota {
    all: Bound,
    host: Bound,
    submitter: Bound,
    used: Used,
    by_host: HashMap<Arc<str>, Used>,
    by_submitter: HashMap<Submitter, Used>,
}

#[derive(Debug, Clone, Copy)]
struct Bound {
    tasks: u64,
    bytes: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Used {
    tasks: u64,
    bytes: u64,
}

impl Quota {
    pub(crate) fn new(limits: &TaskTableLimits) -> Self {
        let all = Bound { tasks: limits.live_max as u64, bytes: limits.input_bytes_max };
        let part = |whole: u64| (whole / HOST_SHARE.1 * HOST_SHARE.0).max(1);
        Self {
            all,
            host: Bound { tasks: part(all.tasks), bytes: part(all.bytes) },
            submitter: Bound { tasks: limits.submitter_live_max as u64, bytes: limits.submitter_input_bytes_max },
            used: Used::default(),
            by_host: HashMap::new(),
            by_submitter: HashMap::new(),
        }
    }

    /// A task comes. An error says who has how much, of how much.
    pub(crate) fn take(&mut self, submitter: &Submitter, bytes: u64) -> Result<(), String> {
        let of_host = self.by_host.get(&submitter.host).copied().unwrap_or_default();
        let of_submitter = self.by_submitter.get(submitter).copied().unwrap_or_default();
        self.submitter.check("this submitter's", of_submitter, bytes)?;
        self.host.check("this host's", of_host, bytes)?;
        self.all.check("this peer's", self.used, bytes)?;
        let add = |used: &mut Used| {
            used.tasks += 1;
            used.bytes += bytes;
        };
        add(&mut self.used);
        add(self.by_host.entry(Arc::clone(&submitter.host)).or_default());
        add(self.by_submitter.entry(submitter.clone()).or_default());
        Ok(())
    }

    /// A task has ended.
    pub(crate) fn give_back(&mut self, submitter: &Submitter, bytes: u64) {
        let give = |used: &mut Used| {
            used.tasks -= 1;
            used.bytes -= bytes;
            used.tasks == 0
        };
        give(&mut self.used);
        if self.by_host.get_mut(&submitter.host).is_some_and(give) {
            self.by_host.remove(&submitter.host);
        }
        if self.by_submitter.get_mut(submitter).is_some_and(give) {
            self.by_submitter.remove(submitter);
        }
    }
}

impl Bound {
    fn check(self, whose: &str, used: Used, bytes: u64) -> Result<(), String> {
        if used.tasks >= self.tasks {
            return Err(format!(
                "{} of {whose} tasks have not ended, and at most {} may wait or run",
                used.tasks, self.tasks
            ));
        }
        if used.bytes + bytes > self.bytes {
            return Err(format!(
                "{whose} tasks that have not ended hold {} bytes of programs and arguments, this one has {bytes}, and \
                 at most {} may be held",
                used.bytes, self.bytes
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_binds_and_names_itself() {
        let limits = TaskTableLimits {
            live_max: 8,
            submitter_live_max: 2,
            input_bytes_max: 1000,
            submitter_input_bytes_max: 300,
            ..TaskTableLimits::default()
        };
        let mut quota = Quota::new(&limits);
        let who = |host: &str, name: &str| Submitter::new(host, name);
        quota.take(&who("h", "a"), 100).unwrap();
        assert!(
            quota
                .take(&who("h", "a"), 201)
                .unwrap_err()
                .contains("this submitter's tasks that have not ended hold 100")
        );
        quota.take(&who("h", "a"), 100).unwrap();
        assert!(quota.take(&who("h", "a"), 0).unwrap_err().contains("2 of this submitter's tasks"));
        for name in ["b", "b", "c", "c"] {
            quota.take(&who("h", name), 100).unwrap();
        }
        assert!(quota.take(&who("h", "d"), 0).unwrap_err().contains("6 of this host's tasks"));
        quota.take(&who("i", ""), 300).unwrap();
        assert!(quota.take(&who("j", ""), 101).unwrap_err().contains("this peer's tasks that have not ended hold 900"));
        quota.take(&who("j", ""), 0).unwrap();
        assert!(quota.take(&who("k", ""), 0).unwrap_err().contains("8 of this peer's tasks"));
        quota.give_back(&who("h", "a"), 100);
        quota.take(&who("h", "a"), 0).unwrap();
    }
}
