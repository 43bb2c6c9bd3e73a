//! One page of HTML with all that a run found: it needs no network, no script and no other file, follows
//! the reader's light or dark, and fits a phone.
//!
//! What comes from data is escaped by maud, which does so with all text; beyond that the page forbids
//! itself, by its content security policy, to run or load anything.

use std::io;
use std::path::{Path, PathBuf};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::rows::Results;

mod chart;
mod embed;
mod headline;
mod method;
mod pick;
mod plots;
mod tables;
#[cfg(test)]
mod tests;
mod words;

/// Name of the page in its directory.
pub const FILE: &str = "versus.html";

const STYLE: &str = include_str!("style.css");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Writes the page to `versus.html` in `dir`, which is made if it is not there, and says where that is.
/// A page that was there is replaced.
///
/// # Errors
/// The directory cannot be made or the file not be written; the message names which.
pub fn write(dir: &Path, results: &Results) -> io::Result<PathBuf> {
    let named = |path: &Path, error: io::Error| {
        io::Error::new(error.kind(), format!("{}: {error}", path.display()))
    };
    let page = page(results)?.into_string();
    std::fs::create_dir_all(dir).map_err(|error| named(dir, error))?;
    let path = dir.join(FILE);
    std::fs::write(&path, page).map_err(|error| named(&path, error))?;
    Ok(path)
}

/// The whole page.
fn page(results: &Results) -> serde_json::Result<Markup> {
    let json = embed::json(results)?;
    let rows = &results.rows;
    Ok(html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "barline beside DPDK" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (headline::header(results))
                main {
                    h2 #plots { "Side by side" }
                    (plots::plots(results))
                    @if let Some(sweeps) = plots::sweeps(rows) { h2 #sweeps { "Varied" } (sweeps) }
                    h2 #rows { "Every row" }
                    p { "TSC cycles a frame. " (tables::common(rows)) }
                    (tables::rows(rows))
                    (tables::columns(rows))
                    (tables::others(results))
                    h2 #functions { "Which of DPDK's functions ran" }
                    (tables::functions(rows))
                    h2 #words { "What the words mean" }
                    (method::words(rows))
                    h2 #machine { "Where it ran" }
                    (method::machine(results))
                    h2 #method { "How it was measured" }
                    (method::how())
                    h2 #unfair { "What could make it unfair" }
                    (method::unfair())
                    h2 #json { "The figures as JSON" }
                    (json)
                }
            }
        }
    })
}
