//! One message in, one call of a room, one reply out. Inner errors become wire errors here and nowhere else.

use crate::{
    dispatch::Dispatch,
    files::{CHUNK_WAIT, ChunkOutcome, Description, FileError, Files},
    memory::{Memory, MemoryError},
    status::status,
    watch,
};
use sandlot_client::ClientError;
use sandlot_net::{Handler, OpenConnections, SHORT_REPLY_BYTES, clock};
use sandlot_protocol::{
    Address, CpuResult, CpuTask, ErrorCode, Key, Outcome, PeerId, Refusal, Reply, Request, StatusReply, TaskId,
    limits::FILE_CHUNK_BYTES_MAX,
    reply::{BatchResult, FileChunk, FilePeers, FileResponse, MemResponse, Pong},
    request::{
        BatchTask, DeleteMem, FileQuestion, GetFileChunk, GetMem, ListFiles, ListMem, PutFile, PutFileChunk, SetMem,
        TaskHistory, TimelineQuestion, list_entries,
    },
};
use serde_json::value::RawValue;
use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use tokio::task::JoinSet;

/// Answers what a peer is asked.
#[derive(Debug)]
pub(crate) struct PeerHandler {
    pub(crate) peer_id: PeerId,
    pub(crate) dispatch: Arc<Dispatch>,
    pub(crate) files: Arc<Files>,
    pub(crate) memory: Mutex<Memory>,
    pub(crate) started: Instant,
    /// Which walls stand around this process.
    pub(crate) walls: serde_json::Value,
    /// Connections that are open.
    pub(crate) connections: OpenConnections,
}

impl Handler for PeerHandler {
    async fn handle(&self, request: Request, from: SocketAddr, alone: bool) -> Reply {
        let host = host_of(from.ip());
        let answer = match request {
            Request::CpuTask(task) => self.dispatch.run(task, &host, alone).await.map(Reply::CpuResult),
            request => self.answer(request, &host).await,
        };
        answer.unwrap_or_else(Reply::Error)
    }

    fn handle_at_once(&self, request: Request, _: SocketAddr) -> Result<Reply, Request> {
        let answer = match request {
            Request::SetMem(set) => self.set_mem(set),
            Request::GetMem(get) => Ok(self.get_short_mem(get).map_err(Request::GetMem)?),
            Request::DeleteMem(delete) => self.delete_mem(delete),
            Request::Ping(_) => Ok(Reply::Pong(Pong {})),
            request => return Err(request),
        };
        Ok(answer.unwrap_or_else(Reply::Error))
    }
}

/// Who asks, as far as the connection tells. One machine may have all addresses of an IPv6 network of 64 bits.
pub(crate) fn host_of(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) if ip.is_loopback() => ip.to_string(),
        IpAddr::V6(ip) => format!("{}/64", std::net::Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
    }
}

impl PeerHandler {
    /// Answers a request of this host.
    pub(crate) async fn answer(&self, request: Request, host: &str) -> Result<Reply, Refusal> {
        match request {
            Request::CpuTask(task) => self.dispatch.run(task, host, false).await.map(Reply::CpuResult),
            Request::BatchTask(batch) => self.batch(batch, host).await,
            Request::SubmitTask(task) => self.submit(task, host),
            Request::WaitTask(wait) => watch::wait(&self.dispatch, &wait).await,
            Request::TaskOutput(question) => watch::output(&self.dispatch, &question).await,
            Request::ExplainTask(question) => watch::explain(&self.dispatch, &question.task_id).await,
            Request::Timeline(question) => Ok(self.timeline(&question)),
            Request::CancelTask(cancel) => self.cancel(&cancel.task_id),
            Request::TaskHistory(question) => self.history(&question),
            Request::ListTasks(_) => Ok(StatusReply::ok().with("tasks", self.dispatch.tasks.live()).into()),
            Request::SetMem(set) => self.set_mem(set),
            Request::GetMem(get) => Ok(found_mem(self.memory().get(&get.key, clock::now()), get.key)),
            Request::DeleteMem(delete) => self.delete_mem(delete),
            Request::ListMem(list) => Ok(self.list_mem(&list)),
            Request::PutFile(put) => self.put_file(put).await,
            Request::GetFile(get) => self.get_file(get).await,
            Request::DeleteFile(delete) => self.delete_file(delete).await,
            Request::ListFiles(list) => Ok(self.list_files(&list)),
            Request::FindFile(find) => self.find_file(find).await,
            Request::PutFileChunk(chunk) => self.put_file_chunk(chunk).await,
            Request::GetFileChunk(chunk) => self.get_file_chunk(chunk).await,
            Request::Status(_) => Ok(status(self).into()),
            Request::Ping(_) => Ok(Reply::Pong(Pong {})),
            Request::Register(_)
            | Request::UpdateLoad(_)
            | Request::Unregister(_)
            | Request::GetBestPeer(_)
            | Request::RegisterFile(_)
            | Request::UnregisterFile(_) => Err(Refusal::new(
                ErrorCode::WrongRole,
                format!("{} is asked of the tracker, and this is a peer", request.name()),
            )),
        }
    }

    async fn batch(&self, batch: BatchTask, host: &str) -> Result<Reply, Refusal> {
        batch.check()?;
        let count = batch.tasks.len();
        let mut running = JoinSet::new();
        for (index, mut task) in batch.tasks.into_iter().enumerate() {
            let id = task.task_id.get_or_insert_with(sandlot_client::new_task_id).clone();
            let (dispatch, host) = (Arc::clone(&self.dispatch), host.to_owned());
            running.spawn(async move { (index, run_of_batch(&dispatch, id, task, &host).await) });
        }
        let mut results: Vec<Option<CpuResult>> = vec![None; count];
        let mut bytes_left = BATCH_BYTES_MAX;
        while let Some(ended) = running.join_next().await {
            let (index, result) = ended
                .map_err(|error| Refusal::new(ErrorCode::Internal, format!("a task of the batch was lost: {error}")))?;
            results[index] = Some(within(&mut bytes_left, result, &self.dispatch.me));
        }
        Ok(Reply::BatchResult(BatchResult { results: results.into_iter().flatten().collect() }))
    }

    fn submit(&self, task: CpuTask, host: &str) -> Result<Reply, Refusal> {
        let (task_id, ended) = self.dispatch.submit(task, host)?;
        Ok(match ended {
            Some(result) if result.outcome() == Outcome::Rejected => Reply::CpuResult(result),
            ended => {
                let state = if ended.is_some() { "done" } else { "queued" };
                StatusReply::new("SUBMITTED").with("task_id", task_id).with("state", state).into()
            }
        })
    }

    fn timeline(&self, question: &TimelineQuestion) -> Reply {
        let compute = &self.dispatch.compute;
        let turns = compute.timeline(question.since_ns, list_entries(question.limit));
        let status = compute.status();
        let reply = StatusReply::ok().with("operation", "TIMELINE").with("workers", status.workers);
        reply.with("slice_fuel", status.slice_fuel).with("turns", turns).into()
    }

    fn cancel(&self, task_id: &TaskId) -> Result<Reply, Refusal> {
        let tasks = &self.dispatch.tasks;
        if tasks.cancel(task_id) {
            return Ok(StatusReply::new("CANCELLED").with("task_id", task_id).into());
        }
        let what = if tasks.find(task_id, clock::unix_seconds()).is_some() {
            "has ended already"
        } else {
            "is not known here"
        };
        Err(Refusal::new(ErrorCode::NotFound, format!("task {task_id} {what}")))
    }

    fn history(&self, question: &TaskHistory) -> Result<Reply, Refusal> {
        let tasks = &self.dispatch.tasks;
        if let Some(task_id) = &question.task_id {
            let not_found = || Refusal::new(ErrorCode::NotFound, format!("task {task_id} is not known here"));
            return Ok(StatusReply::ok()
                .with("task", tasks.find(task_id, clock::unix_seconds()).ok_or_else(not_found)?)
                .into());
        }
        // There is one kind of task; asking for another finds none.
        let is_ours = question.task_type.as_deref().is_none_or(|kind| kind.eq_ignore_ascii_case("CPU_TASK"));
        let limit = if is_ours { list_entries(question.limit) } else { 0 };
        Ok(StatusReply::ok()
            .with("history", tasks.history(question.offset, limit, clock::unix_seconds()))
            .with("statistics", tasks.statistics())
            .into())
    }

    fn set_mem(&self, set: SetMem) -> Result<Reply, Refusal> {
        let key = set.key.clone();
        let version = self.memory().set(set, clock::now()).map_err(|error| memory_refusal(&error))?;
        Ok(StatusReply::ok().with("operation", "SET_MEM").with("key", key).with("version", version).into())
    }

    /// The reply, unless the value is long.
    fn get_short_mem(&self, get: GetMem) -> Result<Reply, GetMem> {
        let mut memory = self.memory();
        let found = memory.get(&get.key, clock::now());
        if found.is_some_and(|(value, _)| value.get().len() > SHORT_REPLY_BYTES) {
            return Err(get);
        }
        Ok(found_mem(found, get.key))
    }

    fn delete_mem(&self, delete: DeleteMem) -> Result<Reply, Refusal> {
        let deleted = self.memory().delete(&delete.key, delete.if_version, clock::now());
        let deleted = deleted.map_err(|error| memory_refusal(&error))?;
        Ok(StatusReply::ok().with("operation", "DELETE_MEM").with("key", delete.key).with("deleted", deleted).into())
    }

    fn list_mem(&self, list: &ListMem) -> Reply {
        let prefix = list.prefix.as_deref().unwrap_or_default();
        let after = list.after.as_deref().unwrap_or_default();
        let (keys, count) = self.memory().list(prefix, after, list_entries(list.limit), clock::now());
        StatusReply::ok().with("operation", "LIST_MEM").with("keys", keys).with("count", count).into()
    }

    async fn put_file(&self, put: PutFile) -> Result<Reply, Refusal> {
        let stored = self.on_disk(move |files| files.put(put.filename, &put.data, clock::now())).await?;
        Ok(self.stored("PUT_FILE", &stored).await)
    }

    async fn put_file_chunk(&self, chunk: PutFileChunk) -> Result<Reply, Refusal> {
        let (filename, total) = (chunk.filename.clone(), chunk.total);
        if let Some(id) = &chunk.upload_id
            && chunk.data.len() <= FILE_CHUNK_BYTES_MAX.div_ceil(3) * 4
        {
            self.files.turn(id, chunk.offset, CHUNK_WAIT).await;
        }
        match self.on_disk(move |files| files.put_chunk(chunk, clock::now())).await? {
            ChunkOutcome::Stored(stored) => Ok(self.stored("PUT_FILE_CHUNK", &stored).await),
            ChunkOutcome::Partial { upload_id, received } => Ok(StatusReply::ok()
                .with("operation", "PUT_FILE_CHUNK")
                .with("filename", filename)
                .with("upload_id", upload_id)
                .with("received", received)
                .with("total", total)
                .into()),
        }
    }

    /// A file is there now: the tracker is told, and whoever stored it.
    pub(crate) async fn stored(&self, operation: &str, stored: &Description) -> Reply {
        self.dispatch.membership.has_file(stored.filename.clone()).await;
        StatusReply::ok()
            .with("operation", operation)
            .with("filename", &stored.filename)
            .with("size", stored.size)
            .with("digest", &stored.digest)
            .into()
    }

    async fn get_file(&self, get: FileQuestion) -> Result<Reply, Refusal> {
        let filename = get.filename.clone();
        let found = self.on_disk(move |files| {
            let found = files.get(&get.filename)?;
            Ok(found.map(|(description, bytes)| (description, base64_simd::STANDARD.encode_to_string(bytes))))
        });
        Ok(Reply::FileResponse(match found.await? {
            Some((description, data)) => FileResponse {
                filename,
                data: Some(data),
                found: true,
                size: Some(description.size),
                digest: Some(description.digest.clone()),
            },
            None => FileResponse { filename, data: None, found: false, size: None, digest: None },
        }))
    }

    async fn get_file_chunk(&self, chunk: GetFileChunk) -> Result<Reply, Refusal> {
        let GetFileChunk { filename, offset, length } = chunk;
        let name = filename.clone();
        let found = self.on_disk(move |files| {
            let found = files.get_chunk(&name, offset, length)?;
            Ok(found.map(|(description, bytes)| (description, base64_simd::STANDARD.encode_to_string(bytes))))
        });
        Ok(Reply::FileChunk(match found.await? {
            Some((description, data)) => FileChunk {
                filename,
                offset,
                total: description.size,
                data,
                found: true,
                digest: Some(description.digest.clone()),
            },
            None => FileChunk { filename, offset, total: 0, data: String::new(), found: false, digest: None },
        }))
    }

    async fn delete_file(&self, delete: FileQuestion) -> Result<Reply, Refusal> {
        let filename = delete.filename.clone();
        let deleted = self.on_disk(move |files| files.delete(&delete.filename)).await?;
        if deleted {
            self.dispatch.membership.lost_file(filename.clone()).await;
        }
        let status = StatusReply::ok().with("operation", "DELETE_FILE").with("filename", filename);
        Ok(status.with("deleted", deleted).into())
    }

    fn list_files(&self, list: &ListFiles) -> Reply {
        let (prefix, after) = (list.prefix.as_deref().unwrap_or_default(), list.after.as_deref().unwrap_or_default());
        let (files, count) = self.files.list(prefix, after, list_entries(list.limit));
        StatusReply::ok().with("operation", "LIST_FILES").with("files", files).with("count", count).into()
    }

    async fn find_file(&self, find: FileQuestion) -> Result<Reply, Refusal> {
        let found = self.dispatch.membership.find_file(find.filename.clone()).await;
        let peers = found.map_err(|error| match error {
            ClientError::Refused(refusal) => refusal,
            error => Refusal::new(ErrorCode::Unavailable, format!("the tracker cannot be asked: {error}")),
        })?;
        Ok(Reply::FilePeers(FilePeers { filename: find.filename, peers }))
    }

    /// The disk may be slow: it has its own threads.
    pub(crate) async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Files) -> Result<T, FileError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let files = Arc::clone(&self.files);
        let done = tokio::task::spawn_blocking(move || work(&files)).await;
        let done =
            done.map_err(|error| Refusal::new(ErrorCode::Internal, format!("the disk's thread failed: {error}")))?;
        done.map_err(|error| file_refusal(&error))
    }

    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The results of a batch must fit in one frame together: what does not is left out, and says so.
const BATCH_BYTES_MAX: usize = 128 << 20;

fn within(bytes_left: &mut usize, result: CpuResult, me: &Address) -> CpuResult {
    match bytes_left.checked_sub(result.bytes()) {
        Some(rest) => {
            *bytes_left = rest;
            result
        }
        None => {
            let text =
                format!("the results of the batch are larger than {BATCH_BYTES_MAX} bytes: ask for fewer at a time");
            CpuResult::ended(result.task_id, Outcome::OutputLimit, text, me)
        }
    }
}

/// In a batch every task has its result, also one that is refused.
async fn run_of_batch(dispatch: &Arc<Dispatch>, id: TaskId, task: CpuTask, host: &str) -> CpuResult {
    let refused = |refusal: Refusal| CpuResult::ended(id, Outcome::Rejected, refusal.error, &dispatch.me);
    dispatch.run(task, host, false).await.map_or_else(refused, Arc::unwrap_or_clone)
}

/// What was found under this key.
fn found_mem(found: Option<(&RawValue, u64)>, key: Key) -> Reply {
    let (value, version) = match found {
        Some((value, version)) => (value.to_owned(), Some(version)),
        None => (sandlot_protocol::raw_null(), None),
    };
    Reply::MemResponse(MemResponse { key, value, found: version.is_some(), version })
}

fn memory_refusal(error: &MemoryError) -> Refusal {
    let code = match error {
        MemoryError::Full { .. } | MemoryError::ValueTooLarge { .. } => ErrorCode::LimitReached,
        MemoryError::Conflict { .. } => ErrorCode::Conflict,
    };
    Refusal::new(code, error.to_string())
}

pub(crate) fn file_refusal(error: &FileError) -> Refusal {
    let code = match error {
        FileError::NotBase64(_) => ErrorCode::BadRequest,
        FileError::Full { .. } => ErrorCode::LimitReached,
        FileError::BadChunk(_) => ErrorCode::Conflict,
        FileError::Damaged(_) => ErrorCode::Damaged,
        FileError::Disk(_) => ErrorCode::Internal,
    };
    Refusal::new(code, error.to_string())
}
