//! The tracker's life: bound, then run until it is told to stop.

use crate::handler::TrackerHandler;
use sandlot_net::{Server, ServerLimits};
use std::{io, net::SocketAddr, sync::Arc};
use tokio_util::sync::CancellationToken;

/// How a tracker is set up.
#[derive(Debug, Clone)]
pub struct TrackerConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// What connections may cost.
    pub limits: ServerLimits,
}

/// A tracker whose socket is bound.
#[derive(Debug)]
pub struct Tracker {
    server: Server,
}

impl Tracker {
    /// Binds the socket.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn bind(config: TrackerConfig) -> io::Result<Self> {
        Ok(Self { server: Server::bind(config.listen, config.limits).await? })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// Serves until `stop`. Requests are short: they are answered, idle connections are closed.
    pub async fn run(self, stop: CancellationToken) {
        self.server.run(Arc::new(TrackerHandler::default()), stop.clone(), CancellationToken::new()).await;
    }
}
