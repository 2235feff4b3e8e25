//! Holm's step-down correction (Holm 1979).

/// The corrected values of `p`, in the order of `p`.
pub(super) fn corrected(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut corrected = vec![1.0; p.len()];
    let mut largest = 0.0_f64;
    for (rank, test) in order.into_iter().enumerate() {
        let factor = (p.len() - rank) as f64;
        largest = largest.max((factor * p[test]).min(1.0));
        corrected[test] = largest;
    }
    corrected
}
