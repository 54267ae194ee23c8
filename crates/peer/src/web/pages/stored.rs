//! Keys and files: listed, found, and changed from the page.

use super::frame::{bytes, count, duration};
use crate::web::{
    WebState,
    api::{NameFilter, in_path},
};
use maud::{Markup, html};
use sandlot_net::clock;

/// Keys or files on one page.
const NAMES_SHOWN: usize = 100;

pub(super) fn memory_page(web: &WebState, filter: &NameFilter) -> Markup {
    html! {
        (search("/memory", filter, "Keys that start with"))
        section #keys data-live { (keys(web, filter)) }
        section #value hidden aria-label="Value" {
            h2 { "Value of " bdi #value-key {} }
            pre #value-text tabindex="0" aria-label="Value" {}
        }
        h2 { "Set a key" }
        form #set {
            label for="key" { "Key" }
            input #key name="key" required maxlength="1024" autocomplete="off";
            label for="new-value" { "Value (JSON)" }
            textarea #new-value name="value" rows="3" required spellcheck="false" aria-describedby="value-said" {}
            output #value-said role="status" {}
            label for="ttl" { "Gone after milliseconds (empty: it stays)" }
            input #ttl name="ttl" type="number" min="1";
            div.row { button type="submit" { "Set" } output #set-said role="status" {} }
        }
        (confirmation())
    }
}

pub(super) fn keys(web: &WebState, filter: &NameFilter) -> Markup {
    let (prefix, after) = texts(filter);
    let (keys, total) = web.peer.memory().list(prefix, after, NAMES_SHOWN, clock::now());
    let last = keys.last().filter(|_| keys.len() == NAMES_SHOWN).map(|record| record.key.as_str().to_owned());
    html! {
        p role="status" { (count(total as u64)) @if total == 1 { " key" } @else { " keys" } }
        @if !keys.is_empty() {
            div.scroll tabindex="0" role="region" aria-label="Keys" {
                table {
                    thead { tr { th scope="col" { "Key" } th scope="col" { "Version" } th scope="col" { "Size" } th scope="col" { "Gone in" } th scope="col" { "" } } }
                    tbody {
                        @for record in &keys {
                            @let path = in_path(record.key.as_str());
                            tr {
                                th scope="row" { bdi { (record.key) } }
                                td { (record.version) }
                                td { (bytes(record.bytes as u64)) }
                                td { @if let Some(ttl) = record.ttl_ms { (duration((ttl / 10_000 * 10_000) as f64)) } }
                                td.row {
                                    a href=(format!("/api/v1/memory/{path}")) data-view=(record.key) { "View" }
                                    button type="button" data-delete=(format!("/api/v1/memory/{path}")) data-name=(record.key) { "Delete" }
                                }
                            }
                        }
                    }
                }
            }
        }
        (pager("/memory", prefix, after, last.as_deref()))
    }
}

pub(super) fn files_page(web: &WebState, filter: &NameFilter) -> Markup {
    html! {
        (search("/files", filter, "Files that start with"))
        div #drop.drop {
            p { "Drop files here, or " label.button for="pick" { "choose files" } input #pick.visually-hidden type="file" multiple; }
            ul #uploads aria-live="polite" {}
        }
        section #files data-live { (files(web, filter)) }
        (confirmation())
    }
}

pub(super) fn files(web: &WebState, filter: &NameFilter) -> Markup {
    let (prefix, after) = texts(filter);
    let (files, total) = web.peer.files.list(prefix, after, NAMES_SHOWN);
    let last = files.last().filter(|_| files.len() == NAMES_SHOWN).map(|record| record.filename.as_str().to_owned());
    html! {
        p role="status" { (count(total as u64)) @if total == 1 { " file" } @else { " files" } }
        @if !files.is_empty() {
            div.scroll tabindex="0" role="region" aria-label="Files" {
                table {
                    thead { tr { th scope="col" { "File" } th scope="col" { "Size" } th scope="col" { "Digest (BLAKE3)" } th scope="col" { "" } } }
                    tbody {
                        @for record in &files {
                            @let path = format!("/api/v1/files/{}", in_path(record.filename.as_str()));
                            tr {
                                th scope="row" { bdi { (record.filename) } }
                                td { (bytes(record.size)) }
                                td { code.digest { (record.digest) } }
                                td.row {
                                    a href=(path) download=(record.filename) { "Download" }
                                    button type="button" data-delete=(path) data-name=(record.filename) { "Delete" }
                                }
                            }
                        }
                    }
                }
            }
        }
        (pager("/files", prefix, after, last.as_deref()))
    }
}

fn texts(filter: &NameFilter) -> (&str, &str) {
    (filter.prefix.as_deref().unwrap_or_default(), filter.after.as_deref().unwrap_or_default())
}

fn search(path: &str, filter: &NameFilter, label: &str) -> Markup {
    html! {
        form.filter method="get" action=(path) role="search" {
            label for="prefix" { (label) }
            input #prefix type="search" name="prefix" value=[filter.prefix.as_deref()];
            button type="submit" { "Show" }
        }
    }
}

fn pager(path: &str, prefix: &str, after: &str, last: Option<&str>) -> Markup {
    let prefix = in_path(prefix);
    html! {
        nav.pager aria-label="Parts of the list" {
            @if !after.is_empty() { a href=(format!("{path}?prefix={prefix}")) { "First" } }
            @if let Some(last) = last { a rel="next" href=(format!("{path}?prefix={prefix}&after={}", in_path(last))) { "Next" } }
        }
    }
}

/// Asked before something is deleted.
fn confirmation() -> Markup {
    html! {
        dialog #confirm aria-labelledby="confirm-text" {
            form method="dialog" {
                p #confirm-text {}
                div.row { button value="no" autofocus { "Keep it" } button.danger value="yes" { "Delete" } }
            }
        }
    }
}
