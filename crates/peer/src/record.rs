//! A task, as lists tell of it.

use crate::{
    history::Ended,
    tasks::{About, Live, Place},
};
use sandlot_compute::WaitsFor;
use sandlot_protocol::{Exception, Outcome, RawJson, TaskId, TaskLimits, Usage};
use schemars::JsonSchema;
use serde::Serialize;

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct TaskRecord {
    pub(crate) task_id: TaskId,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) state: &'static str,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) error: Option<String>,
    pub(crate) executed_by: Option<String>,
    pub(crate) function: Option<String>,
    pub(crate) confidential: bool,
    pub(crate) source: Option<String>,
    /// Who asked: a host, or a name and its host.
    pub(crate) submitter: String,
    pub(crate) priority: i32,
    pub(crate) weight: u32,
    pub(crate) kept: bool,
    pub(crate) asked_at: f64,
    /// Seconds of wall time that it may take, when that was said.
    pub(crate) timeout: Option<f64>,
    /// What it may use, where that differs from the defaults.
    pub(crate) limits: TaskLimits,
    pub(crate) ended_at: Option<f64>,
    /// What it has used; of a task that has not ended, so far.
    pub(crate) usage: Option<Usage>,
    /// The share of this peer's processor time that it had in the last second or so.
    pub(crate) share: Option<f64>,
    pub(crate) waits_for: Option<WaitsFor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) result: Option<RawJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stdout: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stderr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exception: Option<Exception>,
}

impl TaskRecord {
    pub(crate) fn of_live(id: &TaskId, live: &Live, count_ahead: bool) -> Self {
        let record = Self::new(id, &live.about);
        match &*live.place.borrow() {
            Place::Choosing => Self { state: "queued", ..record },
            Place::At(address, _) => Self { state: "forwarded", executed_by: Some(address.to_string()), ..record },
            Place::Here(probe) => match probe.look(count_ahead) {
                Some(look) => Self {
                    state: look.state,
                    usage: Some(look.usage),
                    share: Some(look.share),
                    waits_for: Some(look.waits_for),
                    ..record
                },
                None => Self { state: "running", ..record },
            },
        }
    }

    /// With its result and output if `whole`.
    pub(crate) fn of_ended(ended: &Ended, whole: bool) -> Self {
        let result = &ended.result;
        Self {
            state: "done",
            executed_by: result.executed_by.clone(),
            outcome: Some(result.outcome()),
            error: result.error.clone(),
            ended_at: Some(ended.ended_at),
            usage: Some(result.usage),
            result: whole.then(|| result.result.clone()),
            stdout: whole.then(|| result.stdout.clone()),
            stderr: whole.then(|| result.stderr.clone()),
            exception: result.exception.clone().filter(|_| whole),
            ..Self::new(&result.task_id, &ended.about)
        }
    }

    fn new(id: &TaskId, about: &About) -> Self {
        let submitter = &about.submitter;
        Self {
            task_id: id.clone(),
            kind: "CPU_TASK",
            state: "queued",
            outcome: None,
            error: None,
            executed_by: None,
            function: about.function.clone(),
            confidential: about.confidential,
            source: about.source.clone(),
            submitter: match &*submitter.name {
                "" => submitter.host.to_string(),
                name => format!("{name} at {}", submitter.host),
            },
            priority: about.priority,
            weight: about.weight,
            kept: about.kept,
            asked_at: about.asked_at,
            timeout: about.timeout,
            limits: about.limits,
            ended_at: None,
            usage: None,
            share: None,
            waits_for: None,
            result: None,
            stdout: None,
            stderr: None,
            exception: None,
        }
    }
}
