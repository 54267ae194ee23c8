//! Every operation of the API, once: its route and its documentation. The OpenAPI document is made of this table.

use super::{WebState, api, events, files};
use crate::{files::FileRecord, membership::PeerRecord, memory::KeyRecord, record::TaskRecord, tasks::Statistics};
use axum::{
    Router,
    routing::{MethodRouter, delete, get, post, put},
};
use sandlot_compute::TimelineTurn;
use sandlot_protocol::{
    CpuResult, CpuTask, FileName, Key, Refusal, TaskId,
    reply::{BatchResult, FilePeers, MemResponse},
    request::BatchTask,
};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// One operation.
struct Operation {
    method: &'static str,
    path: &'static str,
    document: Map<String, Value>,
    route: MethodRouter<Arc<WebState>>,
}

pub(super) fn router() -> Router<Arc<WebState>> {
    let routes = Router::new().route("/openapi.json", get(api::document));
    let table = operations(&mut generator());
    table.into_iter().fold(routes, |routes, operation| routes.route(operation.path, operation.route))
}

/// The OpenAPI document.
pub(super) fn document() -> Value {
    let mut generator = generator();
    let table = operations(&mut generator);
    let mut paths: Map<String, Value> = Map::new();
    for operation in table {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = Value::Object(operation.document);
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Sandlot peer",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Run Python in a sandbox on the least-loaded peer; keep keys and files. The same messages \
                as in PROTOCOL.md: a body is a message's members, an answer is the message's reply.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/api/v1"}],
        "paths": paths,
        "components": {"schemas": generator.take_definitions(true)},
    });
    in_plain_words(&mut document);
    document
}

/// `true` as a schema allows anything, and so does `{}`, which more programs know.
fn in_plain_words(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match name.as_str() {
                    "items" | "schema" if *value == true => *value = json!({}),
                    _ => in_plain_words(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(in_plain_words),
        _ => {}
    }
}

fn generator() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    settings.into_generator()
}

/// Members of a reply that is a STATUS.
fn status(members: Value) -> Value {
    let mut properties = json!({"type": {"const": "STATUS"}, "status": {"type": "string"}});
    let required: Vec<&str> = ["type", "status"].into_iter().collect();
    if let (Value::Object(all), Value::Object(members)) = (&mut properties, members) {
        all.extend(members);
    }
    json!({"type": "object", "properties": properties, "required": required})
}

/// A documented operation under way.
struct Entry<'a> {
    generator: &'a mut SchemaGenerator,
    operation: Operation,
}

impl<'a> Entry<'a> {
    fn new(
        generator: &'a mut SchemaGenerator,
        method: &'static str,
        path: &'static str,
        route: MethodRouter<Arc<WebState>>,
        [id, tag, summary]: [&str; 3],
    ) -> Self {
        let mut replies = Map::new();
        let refusal = refusal(generator);
        for (status, text) in [
            ("400", "Something of the request is wrong; the text says what, and what would be right."),
            ("421", "The peer is not served under this host name."),
            ("500", "The peer failed."),
            ("503", "The peer is stopping or too busy, or the tracker cannot be asked."),
        ] {
            replies.insert(status.to_owned(), error(text, &refusal));
        }
        if method != "get" {
            replies.insert("403".to_owned(), error("A page of another origin asked.", &refusal));
        }
        let document = json!({
            "operationId": id, "tags": [tag], "summary": summary, "parameters": [], "responses": replies,
        });
        let Value::Object(document) = document else { unreachable!("an object was written") };
        Self { generator, operation: Operation { method, path, document, route } }
    }

    fn refuses(mut self, statuses: &[(&str, &str)]) -> Self {
        let refusal = refusal(self.generator);
        for (status, text) in statuses {
            self.set("responses", status, error(text, &refusal));
        }
        self
    }

    fn path<T: JsonSchema>(mut self, name: &str, text: &str) -> Self {
        let schema = self.generator.subschema_for::<T>();
        self.parameter(json!({"name": name, "in": "path", "required": true, "description": text, "schema": schema}));
        self
    }

    /// Each member is a parameter behind the `?`.
    fn query<T: JsonSchema>(mut self) -> Self {
        let schema = T::json_schema(self.generator);
        let members = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        for (name, mut schema) in members {
            let text = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            without_null(&mut schema);
            self.parameter(json!({"name": name, "in": "query", "description": text, "schema": schema}));
        }
        self
    }

    fn header(mut self, name: &str, text: &str) -> Self {
        self.parameter(json!({"name": name, "in": "header", "description": text, "schema": {"type": "string", "pattern": "^[!-~]( |[!-~])*$"}}));
        self
    }

    fn body<T: JsonSchema>(mut self, text: &str) -> Self {
        let schema = self.generator.subschema_for::<T>();
        let content = json!({"application/json": {"schema": schema}});
        self.content(&content, text);
        self.refuses(&[("415", "The body is not JSON.")])
    }

    fn bytes(mut self, text: &str) -> Self {
        self.content(&json!({"application/octet-stream": {}}), text);
        self
    }

    fn content(&mut self, content: &Value, text: &str) {
        let body = json!({"required": true, "description": text, "content": content});
        self.operation.document.insert("requestBody".to_owned(), body);
        let refusal = refusal(self.generator);
        for (status, text) in [
            ("408", "The body did not come in time."),
            ("411", "The header Content-Length is missing."),
            ("413", "It is too large, or a quota is reached."),
        ] {
            self.set("responses", status, error(text, &refusal));
        }
    }

    fn reply<T: JsonSchema>(mut self, status: &str, name: &str, text: &str) -> Self {
        let schema = self.generator.subschema_for::<T>();
        let schema = json!({"allOf": [schema, typed(name)]});
        self.set(
            "responses",
            status,
            json!({"description": text, "content": {"application/json": {"schema": schema}}}),
        );
        self
    }

    fn reply_status(mut self, code: &str, text: &str, members: Value) -> Self {
        let content = json!({"application/json": {"schema": status(members)}});
        self.set("responses", code, json!({"description": text, "content": content}));
        self
    }

    fn reply_as(mut self, code: &str, kind: &str, text: &str) -> Self {
        self.set("responses", code, json!({"description": text, "content": {kind: {}}}));
        self
    }

    fn schema<T: JsonSchema>(&mut self) -> Value {
        self.generator.subschema_for::<T>().to_value()
    }

    fn list<T: JsonSchema>(&mut self) -> Value {
        json!({"type": "array", "items": self.schema::<T>()})
    }

    fn set(&mut self, member: &str, name: &str, value: Value) {
        if let Some(Value::Object(members)) = self.operation.document.get_mut(member) {
            members.insert(name.to_owned(), value);
        }
    }

    fn parameter(&mut self, parameter: Value) {
        if let Some(Value::Array(parameters)) = self.operation.document.get_mut("parameters") {
            parameters.push(parameter);
        }
    }
}

fn typed(name: &str) -> Value {
    json!({"type": "object", "properties": {"type": {"const": name}}, "required": ["type"]})
}

fn refusal(generator: &mut SchemaGenerator) -> Value {
    let schema = generator.subschema_for::<Refusal>();
    json!({"allOf": [schema, typed("ERROR")]})
}

fn error(text: &str, schema: &Value) -> Value {
    json!({"description": text, "content": {"application/json": {"schema": schema}}})
}

/// What may be left out is left out behind a `?`, not null.
fn without_null(schema: &mut Value) {
    if let Some(Value::Array(kinds)) = schema.get_mut("type") {
        kinds.retain(|kind| kind != "null");
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|choice| choice["type"] != "null");
    }
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("default");
    }
}

const NO_TASK: &[(&str, &str)] = &[("404", "No such task is known here.")];

type Route = MethodRouter<Arc<WebState>>;

fn of_task<'a>(
    generator: &'a mut SchemaGenerator,
    method: &'static str,
    path: &'static str,
    route: Route,
    text: [&str; 3],
) -> Entry<'a> {
    Entry::new(generator, method, path, route, text).path::<TaskId>("task_id", "The task's id.").refuses(NO_TASK)
}

fn of_key<'a>(generator: &'a mut SchemaGenerator, method: &'static str, route: Route, text: [&str; 3]) -> Entry<'a> {
    Entry::new(generator, method, "/memory/{key}", route, text).path::<Key>("key", "The key, percent-encoded.")
}

fn of_file<'a>(
    generator: &'a mut SchemaGenerator,
    method: &'static str,
    path: &'static str,
    route: Route,
    text: [&str; 3],
) -> Entry<'a> {
    Entry::new(generator, method, path, route, text).path::<FileName>("filename", "The file's name, percent-encoded.")
}

fn operations(generator: &mut SchemaGenerator) -> Vec<Operation> {
    let mut table = tasks(generator);
    table.extend(task(generator));
    table.extend(keys(generator));
    table.extend(listed_files(generator));
    table.extend(stored_files(generator));
    table.extend(node(generator));
    table
}

fn tasks(generator: &mut SchemaGenerator) -> Vec<Operation> {
    let submit = Entry::new(
        generator,
        "post",
        "/tasks",
        post(api::submit),
        ["submitTask", "tasks", "Submit a task; its result is kept for whoever asks later."],
    )
    .body::<CpuTask>("The task.")
    .refuses(&[("409", "The task_id belongs to another task.")])
    .reply::<CpuResult>("429", "CPU_RESULT", "There is no room for it now; Retry-After says when to try again.");
    let id = json!({"task_id": {"type": "string"}, "state": {"type": "string"}});
    let submit = submit.reply_status("202", "It is taken; Location says where it is.", id).operation;
    let run = Entry::new(
        generator,
        "post",
        "/run",
        post(api::run),
        ["runTask", "tasks", "Run a task and wait for its end. Going away cancels it."],
    )
    .body::<CpuTask>("The task.")
    .refuses(&[("409", "The task_id belongs to another task.")])
    .reply::<CpuResult>("200", "CPU_RESULT", "How it ended.")
    .reply::<CpuResult>("429", "CPU_RESULT", "There is no room for it now; Retry-After says when to try again.")
    .operation;
    let batch = Entry::new(
        generator,
        "post",
        "/batch",
        post(api::batch),
        ["runBatch", "tasks", "Run tasks side by side and wait for their ends."],
    )
    .body::<BatchTask>("The tasks.")
    .refuses(&[("409", "A task_id belongs to another task.")])
    .reply::<BatchResult>("200", "BATCH_RESULT", "How they ended, in the order asked.")
    .operation;
    let mut list = Entry::new(
        generator,
        "get",
        "/tasks",
        get(api::tasks),
        ["listTasks", "tasks", "List tasks: those that have not ended first, then the newest."],
    )
    .query::<api::TaskFilter>();
    let members = json!({
        "tasks": list.list::<TaskRecord>(), "count": {"type": "integer"}, "statistics": list.schema::<Statistics>(),
    });
    let list = list.reply_status("200", "The tasks, and how many the filter lets through in all.", members).operation;
    vec![submit, run, batch, list]
}

fn task(generator: &mut SchemaGenerator) -> Vec<Operation> {
    let mut read = of_task(
        generator,
        "get",
        "/tasks/{task_id}",
        get(api::task),
        ["readTask", "tasks", "One task, with its result and output when it has ended."],
    );
    let record = json!({"task": read.schema::<TaskRecord>()});
    let read = read.reply_status("200", "The task.", record).operation;
    let cancel =
        of_task(generator, "delete", "/tasks/{task_id}", delete(api::cancel), ["cancelTask", "tasks", "Stop a task."])
            .reply_status("200", "It is being stopped.", json!({"task_id": {"type": "string"}}))
            .operation;
    let result = of_task(
        generator,
        "get",
        "/tasks/{task_id}/result",
        get(api::result),
        ["readResult", "tasks", "How a task ended; waits for its end if asked."],
    )
    .query::<api::Waiting>()
    .reply::<CpuResult>("200", "CPU_RESULT", "How it ended.")
    .reply_status("202", "It has not ended.", json!({"task_id": {"type": "string"}}))
    .operation;
    let output = of_task(
        generator,
        "get",
        "/tasks/{task_id}/output",
        get(api::output),
        ["readOutput", "tasks", "What a task has printed; waits for more if asked."],
    )
    .query::<api::OutputPart>()
    .reply_status(
        "200",
        "What is new.",
        json!({
            "task_id": {"type": "string"}, "attempt": {"type": "integer"},
            "stdout": {"type": "string"}, "stderr": {"type": "string"},
            "stdout_next": {"type": "integer"}, "stderr_next": {"type": "integer"}, "done": {"type": "boolean"},
        }),
    )
    .operation;
    let events = of_task(
        generator,
        "get",
        "/tasks/{task_id}/events",
        get(events::task),
        [
            "followTask",
            "tasks",
            "A task's output as it comes (events \"output\"), and how it ended (event \"end\", a CPU_RESULT).",
        ],
    )
    .header("Last-Event-ID", "The last event that is known: what is new behind it is told.")
    .reply_as("200", "text/event-stream", "Server-sent events.")
    .operation;
    let explain = of_task(
        generator,
        "get",
        "/tasks/{task_id}/explain",
        get(api::explain),
        ["explainTask", "tasks", "Where a task is, or why it waits and what would unblock it."],
    )
    .reply_status("200", "In words.", json!({"text": {"type": "string"}, "unblocks": {"type": ["string", "null"]}}))
    .operation;
    vec![read, cancel, result, output, events, explain]
}

fn keys(generator: &mut SchemaGenerator) -> Vec<Operation> {
    let mut list =
        Entry::new(generator, "get", "/memory", get(api::keys), ["listKeys", "memory", "List keys in order."])
            .query::<api::NameFilter>();
    let members = json!({"keys": list.list::<KeyRecord>(), "count": {"type": "integer"}});
    let list = list.reply_status("200", "The keys, and how many start so in all.", members).operation;
    let read = of_key(generator, "get", get(api::get_key), ["readKey", "memory", "Read a key."])
        .refuses(&[("404", "There is no such key.")])
        .reply::<MemResponse>("200", "MEM_RESPONSE", "Its value and version.")
        .operation;
    let set =
        of_key(generator, "put", put(api::set_key), ["setKey", "memory", "Set a key to the JSON value in the body."])
            .query::<api::Setting>()
            .body::<Value>("Any JSON value.")
            .refuses(&[("409", "The key has another version.")])
            .reply_status("200", "It is set.", json!({"key": {"type": "string"}, "version": {"type": "integer"}}))
            .operation;
    let remove = of_key(generator, "delete", delete(api::delete_key), ["deleteKey", "memory", "Delete a key."])
        .query::<api::Deletion>()
        .refuses(&[("409", "The key has another version.")])
        .reply_status("200", "It is gone.", json!({"key": {"type": "string"}, "deleted": {"type": "boolean"}}))
        .operation;
    vec![list, read, set, remove]
}

fn listed_files(generator: &mut SchemaGenerator) -> Vec<Operation> {
    let mut list =
        Entry::new(generator, "get", "/files", get(files::list), ["listFiles", "files", "List files in order."])
            .query::<api::NameFilter>();
    let members = json!({"files": list.list::<FileRecord>(), "count": {"type": "integer"}});
    let list = list.reply_status("200", "The files, and how many start so in all.", members).operation;
    let upload = Entry::new(
        generator,
        "get",
        "/uploads/{upload_id}",
        get(files::upload),
        ["readUpload", "files", "How far an upload in parts has come: where to go on."],
    )
    .path::<String>("upload_id", "What the first part's answer named.")
    .refuses(&[("404", "There is no such upload: it ended or was given up.")])
    .reply_status("200", "What is there.", json!({"received": {"type": "integer"}, "total": {"type": "integer"}}))
    .operation;
    vec![list, upload]
}

fn stored_files(generator: &mut SchemaGenerator) -> Vec<Operation> {
    let read = of_file(
        generator,
        "get",
        "/files/{filename}",
        get(files::get),
        [
            "readFile",
            "files",
            "A file's bytes, or the part that the header Range asks for. The ETag is its BLAKE3 digest.",
        ],
    )
    .header("Range", "One part, for example bytes=0-999.")
    .header("If-Range", "Only if the file has this ETag; otherwise the whole file.")
    .header("If-None-Match", "Only if the file has another ETag.")
    .refuses(&[("404", "There is no such file."), ("416", "The file has no such part.")])
    .reply_as("200", "application/octet-stream", "The bytes.")
    .reply_as("206", "application/octet-stream", "The part's bytes; Content-Range says which.")
    .reply_as("304", "application/octet-stream", "It has not changed.")
    .operation;
    let store = of_file(
        generator,
        "put",
        "/files/{filename}",
        put(files::put),
        ["storeFile", "files", "Store a file: the whole body, or, with offset and total, a part of it."],
    )
    .query::<files::UploadPart>()
    .bytes("The bytes.")
    .refuses(&[("409", "The part does not continue the upload.")])
    .reply_status("201", "It is stored.", json!({"size": {"type": "integer"}, "digest": {"type": "string"}}))
    .reply_status(
        "202",
        "More parts must come.",
        json!({
            "upload_id": {"type": "string"}, "received": {"type": "integer"}, "total": {"type": "integer"},
        }),
    )
    .operation;
    let remove = of_file(
        generator,
        "delete",
        "/files/{filename}",
        delete(files::delete),
        ["deleteFile", "files", "Delete a file."],
    )
    .reply_status("200", "It is gone.", json!({"filename": {"type": "string"}, "deleted": {"type": "boolean"}}))
    .operation;
    let holders = of_file(
        generator,
        "get",
        "/files/{filename}/peers",
        get(files::holders),
        ["findFile", "files", "Which peers have a file, as the tracker knows."],
    )
    .reply::<FilePeers>("200", "FILE_PEERS", "The peers.")
    .operation;
    vec![read, store, remove, holders]
}

fn node(generator: &mut SchemaGenerator) -> Vec<Operation> {
    let status = Entry::new(generator, "get", "/status", get(api::status), ["readStatus", "peer", "How this peer is."])
        .reply_status("200", "Its figures.", json!({"peer_id": {"type": "string"}, "version": {"type": "string"}}))
        .operation;
    let mut network = Entry::new(
        generator,
        "get",
        "/network",
        get(api::network),
        ["readNetwork", "peer", "The living peers, as the tracker knows them."],
    );
    let members = json!({
        "tracker": {"type": "string"}, "reachable": {"type": "boolean"}, "peers": network.list::<PeerRecord>(),
    });
    let network = network.reply_status("200", "The peers; none when the tracker cannot be asked.", members).operation;
    let mut timeline = Entry::new(
        generator,
        "get",
        "/timeline",
        get(api::timeline),
        ["readTimeline", "peer", "What the workers did lately, turn by turn."],
    )
    .query::<api::Since>();
    let members = json!({"workers": {"type": "integer"}, "turns": timeline.list::<TimelineTurn>()});
    let timeline = timeline.reply_status("200", "The turns, oldest first.", members).operation;
    let turns = Entry::new(
        generator,
        "get",
        "/timeline/events",
        get(events::timeline),
        ["followTimeline", "peer", "The workers' turns as they happen (events \"turns\")."],
    )
    .reply_as("200", "text/event-stream", "Server-sent events.")
    .operation;
    vec![status, network, timeline, turns]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_documented() {
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        assert_eq!(paths.len(), 18);
        for (path, operations) in paths {
            for (method, operation) in operations.as_object().unwrap() {
                let names = operation["parameters"].as_array().unwrap().iter().filter(|one| one["in"] == "path");
                assert_eq!(names.count(), path.matches('{').count(), "{method} {path}");
                assert!(operation["responses"].as_object().unwrap().keys().any(|status| status.starts_with('2')));
            }
        }
        let references = document.to_string().matches("\"$ref\":\"#/components/schemas/").count();
        assert!(references > 20, "{references}");
    }

    #[test]
    fn routes_do_not_collide() {
        let _: Router<Arc<WebState>> = router();
    }
}
