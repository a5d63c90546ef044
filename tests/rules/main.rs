//! Every rule against real files: that it fires once, where, how that looks, and what it leaves alone.

mod docs;
mod fixtures;
mod positions;
mod positions_tree;
mod sane;
mod severities;
mod silencing;
mod support;
