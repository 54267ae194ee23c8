//! Who asked for a run.

use std::sync::Arc;

/// Who asked for a run: runs of different hosts share a processor equally, then those of a host's submitters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Submitter {
    /// Where the request came from. Nobody can say this of himself.
    pub host: Arc<str>,
    /// Who it is there, by the host's own word; it only divides that host's share.
    pub name: Arc<str>,
}

impl Submitter {
    /// A submitter of a host.
    #[must_use]
    pub fn new(host: &str, name: &str) -> Self {
        Self { host: host.into(), name: name.into() }
    }
}
