//! What people read. A page is made here, whole, so that it can be read without JavaScript; its parts that change are
//! made by the same functions, once a second for each page that somebody looks at.
//!
//! Everything that came from outside is text: `maud` escapes it.

mod frame;
mod now;
mod stored;
mod tasks;

use super::{
    WebState,
    api::{NameFilter, TaskFilter, Web},
    events,
    guard::{Failure, Path, Query},
};
use axum::{
    Router,
    extract::State,
    http::{Uri, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use frame::{Page, framed};
use maud::{Markup, html};
use sandlot_protocol::TaskId;
use std::sync::Arc;

/// A part of a page that changes.
#[derive(Debug)]
pub(super) struct Part {
    /// The id of its element.
    pub(super) id: &'static str,
    /// What stands in the element.
    pub(super) html: String,
}

impl Part {
    fn new(id: &'static str, markup: Markup) -> Self {
        Self { id, html: markup.into_string() }
    }
}

/// A page with parts that change.
#[derive(Debug)]
pub(super) enum Live {
    Now,
    Tasks(TaskFilter),
    Task(TaskId),
    Slices,
    Memory(NameFilter),
    Files(NameFilter),
}

/// The page at this path and query.
pub(super) fn live(page: &str) -> Option<Live> {
    let uri: Uri = page.parse().ok()?;
    let names = || axum::extract::Query::<NameFilter>::try_from_uri(&uri).map(|query| query.0).ok();
    Some(match uri.path() {
        "/" => Live::Now,
        "/tasks" => Live::Tasks(axum::extract::Query::try_from_uri(&uri).ok()?.0),
        "/slices" => Live::Slices,
        "/memory" => Live::Memory(names()?),
        "/files" => Live::Files(names()?),
        path => {
            let name = path.strip_prefix("/tasks/")?;
            let decoded = percent_decoded(name)?;
            Live::Task(decoded.parse().ok()?)
        }
    })
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

impl Live {
    /// Its parts as they are now.
    pub(super) async fn parts(&self, web: &WebState) -> Vec<Part> {
        match self {
            Self::Now => now::parts(web).await,
            Self::Tasks(filter) => vec![Part::new("tasks", tasks::list(web, filter))],
            Self::Task(id) => tasks::parts(web, id).await,
            Self::Slices => vec![Part::new("shares", tasks::shares(web))],
            Self::Memory(filter) => vec![Part::new("keys", stored::keys(web, filter))],
            Self::Files(filter) => vec![Part::new("files", stored::files(web, filter))],
        }
    }
}

pub(super) fn router() -> Router<Arc<WebState>> {
    Router::new()
        .route("/", get(now_page))
        .route("/run", get(run_page))
        .route("/tasks", get(tasks_page))
        .route("/tasks/{task_id}", get(task_page))
        .route("/slices", get(slices_page))
        .route("/memory", get(memory_page))
        .route("/files", get(files_page))
        .route("/api", get(api_page))
        .route("/live", get(events::parts))
        .route("/assets/{name}", get(asset))
}

type Shown = Result<Html<String>, Failure>;

async fn now_page(State(web): Web) -> Shown {
    let parts = now::parts(&web).await;
    Ok(framed(&web, &Page::new("Now", "/"), now::page(&parts)))
}

async fn run_page(State(web): Web) -> Shown {
    Ok(framed(&web, &Page::new("Run", "/run").with_script("run.js"), frame::run()))
}

async fn tasks_page(State(web): Web, Query(filter): Query<TaskFilter>) -> Shown {
    let main = html! {
        (tasks::filter_form(&filter))
        section #tasks data-live { (tasks::list(&web, &filter)) }
    };
    Ok(framed(&web, &Page::new("Tasks", "/tasks"), main))
}

async fn task_page(State(web): Web, Path(task_id): Path<TaskId>) -> Shown {
    let parts = tasks::parts(&web, &task_id).await;
    let page = Page::new("Task", "/tasks").with_script("slices.js");
    Ok(framed(&web, &page, tasks::page(&task_id, &parts)))
}

async fn slices_page(State(web): Web) -> Shown {
    Ok(framed(&web, &Page::new("Slices", "/slices").with_script("slices.js"), tasks::slices(&web)))
}

async fn memory_page(State(web): Web, Query(filter): Query<NameFilter>) -> Shown {
    let page = Page::new("Memory", "/memory").with_script("stored.js");
    Ok(framed(&web, &page, stored::memory_page(&web, &filter)))
}

async fn files_page(State(web): Web, Query(filter): Query<NameFilter>) -> Shown {
    let page = Page::new("Files", "/files").with_script("stored.js");
    Ok(framed(&web, &page, stored::files_page(&web, &filter)))
}

async fn api_page(State(web): Web) -> Shown {
    Ok(framed(&web, &Page::new("API", "/api").with_script("api.js"), frame::api(&web.document)))
}

async fn asset(Path(name): Path<String>) -> Response {
    let (kind, text) = match name.as_str() {
        "page.css" => ("text/css", include_str!("assets/page.css")),
        "page.js" => ("text/javascript", include_str!("assets/page.js")),
        "run.js" => ("text/javascript", include_str!("assets/run.js")),
        "slices.js" => ("text/javascript", include_str!("assets/slices.js")),
        "stored.js" => ("text/javascript", include_str!("assets/stored.js")),
        "api.js" => ("text/javascript", include_str!("assets/api.js")),
        "icon.svg" => ("image/svg+xml", include_str!("assets/icon.svg")),
        _ => return Failure::new(axum::http::StatusCode::NOT_FOUND, format!("there is no {name}")).into_response(),
    };
    let kind = format!("{kind}; charset=utf-8");
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache".to_owned())], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_known_by_its_path() {
        assert!(matches!(live("/"), Some(Live::Now)));
        assert!(matches!(live("/tasks?text=a&offset=50"), Some(Live::Tasks(filter)) if filter.offset == Some(50)));
        assert!(matches!(live("/tasks/a%20b"), Some(Live::Task(id)) if id.as_str() == "a b"));
        assert!(
            matches!(live("/memory?prefix=%C3%A4"), Some(Live::Memory(filter)) if filter.prefix.as_deref() == Some("ä"))
        );
        for none in ["", "nowhere", "/run", "/tasks/%", "/tasks/%zz", "/tasks?offset=x", "http://["] {
            assert!(live(none).is_none(), "{none}");
        }
    }
}
