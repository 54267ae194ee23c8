//! Who may ask what. The page is for people on this machine: a page of somebody else's that their browser shows must
//! not act in their name, neither by its own requests nor by a name that it points at this machine.

use super::WebState;
use axum::{
    body::{Body, Bytes},
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::{FutureExt, StreamExt, stream};
use sandlot_net::clock;
use sandlot_protocol::{ErrorCode, Refusal, Reply, request::read};
use serde::de::DeserializeOwned;
use std::{
    convert::Infallible,
    net::{Ipv4Addr, Ipv6Addr},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tracing::warn;

/// Bytes of a request's JSON: a task's input, each byte of it escaped at worst.
pub(super) const JSON_BYTES_MAX: usize = 160 << 20;
/// Bytes of JSON that are being read, over all requests; and of large answers that are being sent.
const JSON_BYTES_TOGETHER: usize = 512 << 20;
/// What bodies are counted in.
const STEP_BYTES: usize = 64 << 10;
/// Something of a body must come within this time.
pub(super) const BODY_PAUSE: Duration = Duration::from_secs(10);
/// Bytes of a body that must come in a second, beyond such a pause.
const BODY_RATE_MIN: u64 = 16 << 10;

/// What may be loaded and asked by the page: what this peer serves, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A refusal as HTTP tells it: a status, and the protocol's ERROR.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) refusal: Refusal,
}

impl Failure {
    pub(super) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        let code = match status {
            StatusCode::NOT_FOUND => ErrorCode::NotFound,
            StatusCode::REQUEST_TIMEOUT => ErrorCode::Timeout,
            StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::LimitReached,
            StatusCode::SERVICE_UNAVAILABLE => ErrorCode::Unavailable,
            StatusCode::INTERNAL_SERVER_ERROR => ErrorCode::Internal,
            _ => ErrorCode::BadRequest,
        };
        Self { status, refusal: Refusal::new(code, error) }
    }

    pub(super) fn bad_request(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.code {
            ErrorCode::NotFound => StatusCode::NOT_FOUND,
            ErrorCode::Conflict => StatusCode::CONFLICT,
            ErrorCode::LimitReached | ErrorCode::FrameTooLong => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::Timeout => StatusCode::REQUEST_TIMEOUT,
            ErrorCode::Unavailable | ErrorCode::NoPeers => StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::Damaged | ErrorCode::Internal | ErrorCode::Other => StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::BadRequest
            | ErrorCode::UnknownType
            | ErrorCode::WrongRole
            | ErrorCode::BadFrame
            | ErrorCode::TlsUnavailable => StatusCode::BAD_REQUEST,
        };
        Self { status, refusal }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        json(self.status, &Reply::Error(self.refusal))
    }
}

/// An answer larger than this takes part in a budget until it is sent.
const ANSWER_BYTES_LARGE: usize = 1 << 20;

/// A reply that may be large, as HTTP's: its bytes are made when there is room for them, and take room until they are sent.
pub(super) async fn large_json(web: &WebState, status: StatusCode, reply: &Reply) -> Result<Response, Failure> {
    let bytes = reply.bytes()
        + match reply {
            Reply::MemResponse(found) => found.value.get().len(),
            _ => 0,
        };
    if bytes < ANSWER_BYTES_LARGE {
        return Ok(json(status, reply));
    }
    let permit = web.answers.take(bytes).await?;
    let text = reply.to_json(None);
    let length = text.len();
    let parts = stream::unfold((Bytes::from(text), permit), |(mut rest, permit)| async move {
        let part = rest.split_to(rest.len().min(STEP_BYTES));
        (!part.is_empty()).then(|| (Ok::<_, Infallible>(part), (rest, permit)))
    });
    let headers =
        [(header::CONTENT_TYPE, HeaderValue::from_static("application/json")), (header::CONTENT_LENGTH, length.into())];
    Ok((status, headers, Body::from_stream(parts)).into_response())
}

/// A reply of the protocol as HTTP's.
pub(super) fn json(status: StatusCode, reply: &Reply) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], reply.to_json(None)).into_response()
}

/// Everything that is asked passes here.
pub(super) async fn guard(State(web): State<Arc<WebState>>, request: Request, next: Next) -> Response {
    let is_allowed = check_host(&web, request.uri(), request.headers())
        .and_then(|()| check_origin(request.method(), request.headers()));
    let mut response = match is_allowed {
        Ok(()) => AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| {
            warn!("an HTTP request's handler panicked");
            let text = "the peer failed to answer; its log says how";
            Failure::new(StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }),
        Err(failure) => failure.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// A name that somebody points at this machine is not ours (DNS rebinding). An address names nothing but itself.
fn check_host(web: &WebState, uri: &Uri, headers: &HeaderMap) -> Result<(), Failure> {
    let wrong = || Failure::bad_request("the request must have one header Host that names a host");
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(wrong()) };
    let authority: Authority = host.to_str().ok().and_then(|host| host.parse().ok()).ok_or_else(wrong)?;
    if uri.authority().is_some_and(|asked| *asked != authority) {
        return Err(wrong());
    }
    let name = authority.host().to_ascii_lowercase();
    let in_brackets = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let is_address = match in_brackets {
        Some(name) => name.parse::<Ipv6Addr>().is_ok(),
        None => name.parse::<Ipv4Addr>().is_ok(),
    };
    if is_address || name == "localhost" || web.hosts.contains(&name) {
        return Ok(());
    }
    let text = format!("this page is not served under the name {name:?}: --web-host of the peer allows names");
    Err(Failure::new(StatusCode::MISDIRECTED_REQUEST, text))
}

/// What changes something must come from this page, or from no page at all: browsers say where a request comes from.
fn check_origin(method: &Method, headers: &HeaderMap) -> Result<(), Failure> {
    if method.is_safe() {
        return Ok(());
    }
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
    let is_ours = match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin.strip_prefix("http://").is_some_and(|origin| Some(origin) == text("host")),
        (None, None) => true,
    };
    let refusal = || Failure::new(StatusCode::FORBIDDEN, "a page of another origin asked for this; it may not");
    is_ours.then_some(()).ok_or_else(refusal)
}

pub(super) async fn not_found(request: Request) -> Response {
    let text = format!("there is nothing at {}; /api/v1/openapi.json lists what there is", request.uri().path());
    Failure::new(StatusCode::NOT_FOUND, text).into_response()
}

pub(super) async fn wrong_method(method: Method) -> Response {
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not possible here")).into_response()
}

/// What stands behind the `?`.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let query = axum::extract::Query::try_from_uri(&parts.uri);
        query.map(|query| Self(query.0)).map_err(|error| Failure::bad_request(error.body_text()))
    }
}

/// What the path names.
#[derive(Debug)]
pub(super) struct Path<T>(pub(super) T);

impl<S: Sync + Send, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0)).map_err(|error| Failure::bad_request(error.body_text()))
    }
}

/// How much of bodies there may be at a time.
#[derive(Debug)]
pub(super) struct BodyBudget(Arc<Semaphore>);

impl Default for BodyBudget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(JSON_BYTES_TOGETHER / STEP_BYTES)))
    }
}

/// A body, and its part of the budget as long as it is held.
#[derive(Debug)]
pub(super) struct Counted<T> {
    pub(super) value: T,
    _permit: OwnedSemaphorePermit,
}

impl BodyBudget {
    /// Waits a while for room for so many bytes.
    async fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Failure> {
        let steps = bytes.min(JSON_BYTES_TOGETHER).div_ceil(STEP_BYTES);
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        let busy = || Failure::new(StatusCode::SERVICE_UNAVAILABLE, "the peer is busy with other large requests");
        let taking = timeout(BODY_PAUSE, Arc::clone(&self.0).acquire_many_owned(steps)).await;
        taking.map_err(|_| busy())?.map_err(|_| busy())
    }

    /// Reads a body of JSON.
    ///
    /// # Errors
    /// When it is too long, too slow, no JSON, or no such message.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        name: &str,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Counted<T>, Failure> {
        let Counted { value, _permit } = self.text(headers, body).await?;
        Ok(Counted { value: read(name, &value)?, _permit })
    }

    /// Reads a body of JSON, as text.
    ///
    /// # Errors
    /// When it is too long, too slow, or no UTF-8.
    pub(super) async fn text(&self, headers: &HeaderMap, body: Body) -> Result<Counted<String>, Failure> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.split(';').next().unwrap_or_default().trim() != "application/json" {
            let text = "the body must be JSON, with the header Content-Type: application/json";
            return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
        }
        let length = content_length(headers)?;
        let bytes_max = usize::try_from(length).ok().filter(|length| *length <= JSON_BYTES_MAX).ok_or_else(|| {
            let text = format!("a body of JSON has at most {JSON_BYTES_MAX} bytes, this one has {length}");
            Failure::new(StatusCode::PAYLOAD_TOO_LARGE, text)
        })?;
        let permit = self.take(bytes_max).await?;
        let mut bytes = Vec::new();
        let mut parts = Parted::new(body);
        while let Some(part) = parts.next().await? {
            bytes.extend_from_slice(&part);
        }
        let value = String::from_utf8(bytes).map_err(|_| Failure::bad_request("the body is not UTF-8"))?;
        Ok(Counted { value, _permit: permit })
    }
}

/// How long the body says it is.
pub(super) fn content_length(headers: &HeaderMap) -> Result<u64, Failure> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    length.ok_or_else(|| {
        Failure::new(StatusCode::LENGTH_REQUIRED, "the header Content-Length must say how long the body is")
    })
}

/// A body, part by part; whoever sends nothing for a while, or too little for long, is cut off.
#[derive(Debug)]
pub(super) struct Parted {
    stream: axum::body::BodyDataStream,
    received: u64,
    /// How long it was waited for. What is done with the parts takes its own time.
    waited: Duration,
}

impl Parted {
    pub(super) fn new(body: Body) -> Self {
        Self { stream: body.into_data_stream(), received: 0, waited: Duration::ZERO }
    }

    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        let slow = |_| {
            let text = format!(
                "the body came too slowly: {BODY_PAUSE:?} without a byte, or less than {BODY_RATE_MIN} bytes a second"
            );
            Failure::new(StatusCode::REQUEST_TIMEOUT, text)
        };
        let asked = clock::now();
        let part = timeout(patience(self.received, self.waited), self.stream.next()).await;
        self.waited += clock::now().saturating_duration_since(asked);
        let part = part.map_err(slow)?.transpose();
        let part = part.map_err(|error| Failure::bad_request(format!("the body did not come whole: {error}")))?;
        self.received += part.as_ref().map_or(0, |part| part.len() as u64);
        Ok(part)
    }
}

/// How long the next part of a body may take, when so much has come and was waited for so long.
fn patience(received: u64, waited: Duration) -> Duration {
    let allowed = BODY_PAUSE + Duration::from_millis(received.saturating_mul(1000) / BODY_RATE_MIN);
    allowed.saturating_sub(waited).min(BODY_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_trickles_is_cut_off() {
        assert_eq!(patience(0, Duration::ZERO), BODY_PAUSE);
        // A byte every three seconds: the fourth one is too late.
        let second = Duration::from_secs(1);
        assert_eq!(patience(3, second * 9).as_secs(), 1);
        assert_eq!(patience(4, second * 11), Duration::ZERO);
        // At the least rate for an hour.
        assert_eq!(patience(BODY_RATE_MIN * 3600, second * 3600), BODY_PAUSE);
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn another_page_changes_nothing() {
        let is_allowed =
            |method: Method, pairs: &[(&'static str, &str)]| check_origin(&method, &headers(pairs)).is_ok();
        assert!(is_allowed(Method::POST, &[("host", "127.0.0.1:5000")]), "no browser");
        assert!(is_allowed(Method::POST, &[("host", "a:1"), ("origin", "http://a:1")]));
        assert!(!is_allowed(Method::POST, &[("host", "a:1"), ("origin", "http://b:1")]));
        assert!(!is_allowed(Method::POST, &[("host", "a:1"), ("origin", "null")]));
        assert!(
            !is_allowed(Method::DELETE, &[("host", "a:1"), ("origin", "http://a:2")]),
            "another port is another page"
        );
        assert!(is_allowed(Method::PUT, &[("host", "a:1"), ("sec-fetch-site", "same-origin")]));
        assert!(!is_allowed(Method::PUT, &[("host", "a:1"), ("sec-fetch-site", "same-site")]));
        assert!(!is_allowed(
            Method::PUT,
            &[("host", "a:1"), ("sec-fetch-site", "cross-site"), ("origin", "http://a:1")]
        ));
        assert!(is_allowed(Method::GET, &[("host", "a:1"), ("origin", "http://b:1")]), "nothing is changed");
    }
}
