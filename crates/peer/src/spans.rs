//! A task's way through the rooms of this peer, as spans of a trace that goes on at the peer that it is sent to.
//!
//! They cost nothing unless something listens to the target [`TARGET`]. Where a trace goes on is told as in W3C's Trace
//! Context: <https://www.w3.org/TR/trace-context/#traceparent-header>.

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use sandlot_protocol::{CpuResult, CpuTask, TaskId};
use tracing::{Span, debug_span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// What whoever exports spans listens to.
pub const TARGET: &str = "sandlot::rooms";

/// All of a task, from being taken to its end.
pub(crate) fn task(task: &CpuTask, id: &TaskId) -> Span {
    let span = debug_span!(
        target: TARGET, "task", task_id = %id, function = task.function.as_deref(), confidential = task.confidential,
        outcome = Empty
    );
    if let Some(context) = task.traceparent.as_deref().and_then(context_of) {
        let _ = span.set_parent(Context::new().with_remote_span_context(context));
    }
    span
}

/// The tracker is asked for the best peer.
pub(crate) fn choose() -> Span {
    debug_span!(target: TARGET, "choose")
}

/// The task is at that peer.
pub(crate) fn forward(peer: &impl ToString) -> Span {
    debug_span!(target: TARGET, "forward", peer = peer.to_string())
}

/// The task is on this peer's workers.
pub(crate) fn run() -> Span {
    debug_span!(
        target: TARGET, "run", queue_ms = Empty, cpu_ms = Empty, fuel = Empty, slices = Empty, peak_memory_bytes = Empty
    )
}

/// How a run ended, on the span that is open.
pub(crate) fn ran(result: &CpuResult) {
    let (span, usage) = (Span::current(), &result.usage);
    span.record("queue_ms", usage.queue_ms).record("cpu_ms", usage.cpu_ms).record("fuel", usage.fuel);
    span.record("slices", usage.slices).record("peak_memory_bytes", usage.peak_memory_bytes);
}

/// How a task ended, on the span that is open.
pub(crate) fn ended(result: &CpuResult) {
    Span::current().record("outcome", result.outcome().as_str());
}

/// Where the trace goes on from here; `None` when nobody listens.
pub(crate) fn traceparent() -> Option<String> {
    let context = Span::current().context();
    let span = context.span();
    let here = span.span_context();
    let flags = here.trace_flags().to_u8();
    here.is_valid().then(|| format!("00-{}-{}-{flags:02x}", here.trace_id(), here.span_id()))
}

fn context_of(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if version.len() != 2 || trace.len() != 32 || span.len() != 16 || flags.len() != 2 {
        return None;
    }
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?);
    let context = SpanContext::new(trace, span, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_goes_on_where_it_is_told() {
        let context = context_of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
        assert!(context.is_remote() && context.is_sampled());
        assert_eq!(context.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        for bad in ["", "00", "00-0-0-01", "00-00000000000000000000000000000000-0000000000000000-01", "zz-x-y-z"] {
            assert!(context_of(bad).is_none(), "{bad}");
        }
    }
}
