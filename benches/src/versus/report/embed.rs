//! The figures themselves, as JSON within the page: to read, and to save.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use crate::versus::rows::Results;

/// The link that saves them, and all of them to unfold.
pub(super) fn json(results: &Results) -> serde_json::Result<Markup> {
    let compact = serde_json::to_string(results)?;
    let pretty = serde_json::to_string_pretty(results)?;
    let link = format!("data:application/json;base64,{}", STANDARD.encode(compact));
    Ok(html! {
        p { a href=(link) download="versus.json" { "Save them as versus.json" } }
        details { summary { "Read them here" } pre tabindex="0" { (pretty) } }
    })
}
