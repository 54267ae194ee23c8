//! Logs go to standard error: readable, or JSON on request. `RUST_LOG` says how much. Spans go to a collector, if there is one.

use crate::{args::LogFormat, exit::Usage};
use anyhow::{Context, Result};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use std::io::IsTerminal;
use tracing_subscriber::{EnvFilter, Layer, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// Sends what is left when it goes.
#[derive(Debug)]
pub(crate) struct Exporting(SdkTracerProvider);

impl Drop for Exporting {
    fn drop(&mut self) {
        // A collector that is not there must not hold the process.
        let _ = self.0.shutdown();
    }
}

pub(crate) fn start(format: LogFormat, default: &str, otlp: Option<&str>) -> Result<Option<Exporting>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let logs = match format {
        LogFormat::Text => {
            layer.with_target(false).with_ansi(std::io::stderr().is_terminal() && colours_are_welcome()).boxed()
        }
        LogFormat::Json => layer.json().boxed(),
    };
    let exporting = otlp.map(exporter).transpose()?;
    let logs = tracing_subscriber::registry().with(logs.with_filter(filter));
    // A layer that may be there or not would have spans made for nobody.
    match &exporting {
        Some(exporting) => {
            let rooms = Targets::new().with_target(sandlot_peer::spans::TARGET, tracing::Level::DEBUG);
            let spans = tracing_opentelemetry::layer().with_tracer(exporting.0.tracer("sandlot")).with_filter(rooms);
            logs.with(spans).init();
        }
        None => logs.init(),
    }
    Ok(exporting)
}

/// To a collector: <https://opentelemetry.io/docs/specs/otlp/#otlphttp>.
fn exporter(endpoint: &str) -> Result<Exporting> {
    if !endpoint.starts_with("http://") {
        let text = format!("--otlp-endpoint must be a URL like http://127.0.0.1:4318 (without TLS), not {endpoint:?}");
        return Err(Usage(text).into());
    }
    let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let exporter = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).with_endpoint(url).build();
    let exporter = exporter.context("cannot export spans")?;
    let resource = Resource::builder().with_service_name("sandlot-peer").build();
    Ok(Exporting(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build()))
}

/// Unless `NO_COLOR` says otherwise (<https://no-color.org>).
pub(crate) fn colours_are_welcome() -> bool {
    #[expect(clippy::disallowed_methods, reason = "the terminal's settings are read from the environment here")]
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !refused
}
