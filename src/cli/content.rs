//! The options of the commands that authors begin and compare with.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{DataFormat, RedisFlags};

/// What `new` makes.
#[derive(Debug, Subcommand)]
pub enum New {
    /// Make a pool without exercises
    Pool(NewPool),
    /// Make an exercise with tests and a solution that passes them
    Exercise(NewExercise),
}

/// Options of `new pool`.
#[derive(Debug, Args)]
pub struct NewPool {
    /// The pool's slug, and the name of its directory
    pub slug: String,

    /// What students see [default: made of the slug]
    #[arg(long)]
    pub name: Option<String>,

    /// The tree of exercises [default: the content directory of the configuration]
    #[arg(long, value_name = "DIR")]
    pub content_dir: Option<String>,
}

/// Options of `new exercise`.
#[derive(Debug, Args)]
pub struct NewExercise {
    /// The pool's slug
    pub pool: String,

    /// The exercise's id, and the name of its directory
    pub id: String,

    /// What is handed in
    #[arg(long = "type", value_name = "TYPE", default_value = "code", value_parser = ["code", "input", "qcm", "text"])]
    pub kind: String,

    /// The language of a program: c, cpp, rust, python, sh, awk [default: c]
    #[arg(long)]
    pub language: Option<String>,

    /// What students see [default: made of the id]
    #[arg(long)]
    pub title: Option<String>,

    /// The tree of exercises [default: the content directory of the configuration]
    #[arg(long, value_name = "DIR")]
    pub content_dir: Option<String>,
}

/// Options of `diff`.
#[derive(Debug, Args)]
pub struct Diff {
    /// The older tree, or redis for what is cached there
    #[arg(required_unless_present = "git", conflicts_with = "git")]
    pub old: Option<PathBuf>,

    /// The newer tree, or redis [default: the content directory of the configuration]
    pub new: Option<PathBuf>,

    /// A revision of git that the content directory is compared with, such as HEAD~1
    #[arg(long, value_name = "REV")]
    pub git: Option<String>,

    /// Exit with 1 if anything differs
    #[arg(long)]
    pub exit_code: bool,

    /// The tree of exercises [default: the content directory of the configuration]
    #[arg(long, value_name = "DIR", requires = "git")]
    pub content_dir: Option<PathBuf>,

    /// How to print it [default: table on a terminal, else tsv]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<DataFormat>,

    /// Where Redis is.
    #[command(flatten)]
    pub redis: RedisFlags,
}
