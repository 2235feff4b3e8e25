//! How much the sweeps of one file may ask for, all blocks together. A line of
//! text can stand for 100,000 values or ten million cells, so without a bound
//! on their sum a small file could fill the memory, or never end.

/// The most computed values of all axes.
const VALUES: u64 = 1_000_000;
/// The most cells that all blocks may span.
const CELLS: u64 = 10_000_000;
/// The most comparisons of a cell with an exclusion.
const COMPARISONS: u64 = 200_000_000;

/// What is left of each.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    values: u64,
    cells: u64,
    comparisons: u64,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { values: VALUES, cells: CELLS, comparisons: COMPARISONS }
    }
}

impl Allowance {
    /// Takes `n` computed values.
    ///
    /// # Errors
    /// When there are not as many left, in words.
    pub fn values(&mut self, n: usize) -> Result<(), String> {
        let all = || format!("the axes of a file may have {VALUES} computed values in all");
        take(&mut self.values, n as u64).ok_or_else(all)
    }

    /// Takes the cells that a block spans.
    ///
    /// # Errors
    /// When there are not as many left, in words.
    pub fn cells(&mut self, n: u64) -> Result<(), String> {
        let all = || format!("the blocks of a file may span {CELLS} cells in all");
        take(&mut self.cells, n).ok_or_else(all)
    }

    /// Takes the comparisons of `cells` cells with `exclusions` exclusions.
    ///
    /// # Errors
    /// When there are not as many left, in words.
    pub fn comparisons(&mut self, cells: u64, exclusions: u64) -> Result<(), String> {
        let all = || format!("{exclusions} exclusions are too many for {cells} cells");
        take(&mut self.comparisons, cells.saturating_mul(exclusions)).ok_or_else(all)
    }
}

fn take(left: &mut u64, n: u64) -> Option<()> {
    *left = left.checked_sub(n)?;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_gone_and_what_is_refused_takes_nothing() {
        let mut allowance = Allowance::default();
        assert!(allowance.values(600_000).is_ok());
        assert!(allowance.values(600_000).is_err());
        assert!(allowance.values(400_000).is_ok());
        assert!(allowance.comparisons(u64::MAX, 2).is_err());
        assert!(allowance.cells(CELLS + 1).is_err());
    }
}
