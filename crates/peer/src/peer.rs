//! The peer's life: bound, then run until it is told to stop.

use crate::{
    PeerConfig, clients::Clients, dispatch::Dispatch, files::Files, handler::PeerHandler, identity,
    membership::Membership, memory::Memory, tasks::Tasks, web::Web,
};
use sandlot_compute::Compute;
use sandlot_net::{Server, clock};
use sandlot_protocol::Address;
use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::info;

/// What is left of a connection's replies may take this long once all tasks have ended.
const REPLIES_TIMEOUT: Duration = Duration::from_secs(3);

/// Why a peer cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The socket cannot be had.
    #[error("cannot listen on {address}: {error}")]
    Socket {
        /// Where.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The data folder cannot be used.
    #[error("cannot use the data folder {}: {error}", .folder.display())]
    DataDir {
        /// Which.
        folder: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Another peer has the data folder.
    #[error("the data folder {} belongs to a peer that is running; --data-dir names another", .folder.display())]
    DataDirInUse {
        /// Which.
        folder: PathBuf,
    },
}

/// A peer whose sockets are bound.
#[derive(Debug)]
pub struct Peer {
    server: Server,
    web: Option<Web>,
    handler: Arc<PeerHandler>,
    drain: Duration,
    /// Held as long as the peer lives: one peer per data folder.
    _lock: std::fs::File,
}

impl Peer {
    /// Binds the sockets and opens the data folder.
    ///
    /// # Errors
    /// When an address cannot be had or the folder cannot be used.
    pub async fn bind(config: PeerConfig, compute: Arc<Compute>) -> Result<Self, BindError> {
        let socket = |address| move |error| BindError::Socket { address, error };
        let server = Server::bind(config.listen, config.server).await.map_err(socket(config.listen))?;
        let web = match config.web_listen {
            Some(address) => Some(Web::bind(address, &config.web_hosts).await.map_err(socket(address))?),
            None => None,
        };
        let folder = config.data_dir;
        let data = |error| BindError::DataDir { folder: folder.clone(), error };
        std::fs::create_dir_all(&folder).map_err(data)?;
        let lock = std::fs::File::create(folder.join("lock")).map_err(data)?;
        lock.try_lock().map_err(|_| BindError::DataDirInUse { folder: folder.clone() })?;
        let peer_id = identity::peer_id(&folder).map_err(data)?;
        let files = Arc::new(Files::open(folder.join("files"), config.files).map_err(data)?);
        let host = config.advertise.unwrap_or_else(|| server.local_addr().ip().to_string());
        let me = Address::new(host, server.local_addr().port());
        let membership = Arc::new(Membership::new(
            me.clone(),
            peer_id.clone(),
            config.tracker,
            config.heartbeat,
            Arc::clone(&compute),
            Arc::clone(&files),
        ));
        let dispatch = Arc::new(Dispatch {
            me,
            compute,
            tasks: Tasks::new(config.tasks),
            membership,
            stopping: CancellationToken::new(),
            under_way: TaskTracker::new(),
            clients: Clients::default(),
        });
        let memory = Mutex::new(Memory::new(config.memory));
        let handler = Arc::new(PeerHandler {
            peer_id,
            dispatch,
            files,
            memory,
            started: clock::now(),
            walls: serde_json::Value::Null,
            connections: server.open_connections(),
        });
        Ok(Self { server, web, handler, drain: config.drain, _lock: lock })
    }

    /// Says which walls stand around this process, for STATUS.
    pub fn tell_walls(&mut self, walls: serde_json::Value) {
        if let Some(handler) = Arc::get_mut(&mut self.handler) {
            handler.walls = walls;
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// Where its web page is.
    #[must_use]
    pub fn web_addr(&self) -> Option<SocketAddr> {
        self.web.as_ref().map(Web::local_addr)
    }

    /// Serves until `stop`. Then: accepts nothing more, unregisters, lets tasks go on for the drain time, answers the
    /// rest with `cancelled`, and ends.
    pub async fn run(self, stop: CancellationToken) {
        let Self { server, web, handler, drain, _lock } = self;
        let dispatch = Arc::clone(&handler.dispatch);
        let (stop_now, no_connections) = (CancellationToken::new(), CancellationToken::new());
        let serve = server.run(Arc::clone(&handler), stop.clone(), stop_now.clone());
        let page = async {
            if let Some(web) = web {
                web.run(Arc::clone(&handler), stop.clone(), stop_now.clone()).await;
            }
        };
        let member = dispatch.membership.run(stop.clone());
        let drained = async {
            stop.cancelled().await;
            dispatch.under_way.close();
            let left = dispatch.tasks.statistics().live;
            info!(tasks = left, "stopping: tasks may go on for {drain:?}");
            if timeout(drain, dispatch.under_way.wait()).await.is_err() {
                dispatch.stopping.cancel();
                dispatch.tasks.cancel_all();
                dispatch.under_way.wait().await;
            }
            // The last replies are on their way.
            let _ = timeout(REPLIES_TIMEOUT, no_connections.cancelled()).await;
            stop_now.cancel();
        };
        let roles = async {
            tokio::join!(serve, page, member);
            no_connections.cancel();
        };
        tokio::join!(roles, drained);
        let compute = Arc::clone(&dispatch.compute);
        // Waiting for the workers' last slices blocks a thread.
        let _ = tokio::task::spawn_blocking(move || compute.stop()).await;
    }
}
