//! A bar over bytes that are read, for those who wait for a check.

use indicatif::{ProgressBar, ProgressStyle};

use crate::terminal;

/// Draws how much was read: on a terminal a bar, elsewhere nothing.
#[derive(Debug)]
pub struct Reading {
    bar: Option<ProgressBar>,
}

impl Reading {
    /// Of `bytes` in all.
    pub fn new(bytes: u64) -> Self {
        if bytes == 0 || !terminal::watched() {
            return Self { bar: None };
        }
        let bar = ProgressBar::new(bytes);
        let template = "reading {bar:32} {decimal_bytes}/{decimal_total_bytes} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar: Some(bar) }
    }

    /// So many bytes more were read.
    pub fn advance(&self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
