//! The engine that judges content: one for `validate`, `lint` and the daemon's reload.
//!
//! Files are found ([`walk`]), each is read, parsed, decoded and judged by the [`rules`] of its
//! kind, in parallel; then what needs several files is judged. All problems are collected,
//! and their order does not depend on which thread found them.

mod across;
mod check;
mod fixes;
mod ignores;
pub mod rules;
mod settings;
mod silence;
mod texts;
mod tree;
pub mod walk;

pub use across::are_confusable;
pub use fixes::{Change, Fixed, fix};
pub use settings::{Selection, Settings, SettingsError};
pub use texts::Texts;
pub use tree::{
    CheckError, Checked, Judgement, Ledger, Progress, Since, Sound, SoundPool, Standing, Target,
    check, check_text, check_with, sound,
};
