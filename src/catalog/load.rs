//! Loading a tree: what the engine finds sound becomes a catalog, what is broken is reported.

use std::path::Path;

use crate::diagnostics::Report;
use crate::lint::{self, CheckError, Settings};

use super::{Catalog, CatalogError, PoolContent};

/// A loaded tree.
#[derive(Debug)]
pub struct Loaded {
    /// What is sound.
    pub catalog: Catalog,
    /// What is wrong.
    pub report: Report,
    /// How many files were left out.
    pub skipped: usize,
}

/// Why a tree could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The tree can't be read.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// What was found sound does not make a catalog.
    #[error("failed to build the catalog")]
    Catalog(#[from] CatalogError),
}

/// Loads the tree below a directory.
pub fn load(root: &Path, settings: &Settings) -> Result<Loaded, LoadError> {
    let found = lint::sound(root.to_owned(), settings)?;
    let contents = found.pools.into_iter().map(|sound| PoolContent {
        pool: sound.pool,
        exercises: sound.exercises,
    });
    let catalog = Catalog::build(contents.collect())?;
    Ok(Loaded {
        catalog,
        report: found.report,
        skipped: found.skipped,
    })
}
