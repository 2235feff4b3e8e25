//! Of how many inputs a share was counted.

/// The metrics that say how much a share rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counted {
    /// The share of so many inputs: the path of their number.
    Inputs(String),
    /// The share of the pairs of an ID and an OOD input: the paths of the
    /// numbers of both.
    Pairs(String, String),
}

/// How the paths of metrics begin whose inputs are the attacked ones, and the
/// path of their number.
const ATTACKED: [(&str, &str); 8] = [
    ("adversarial/accuracy/", "adversarial/n"),
    ("adversarial/clean_accuracy", "adversarial/n"),
    ("purified/accuracy/", "purified/n"),
    ("purified/after/", "purified/n"),
    ("purified/unbroken/", "purified/n"),
    ("purified/detected/", "purified/n"),
    ("purified/accepted_right/", "purified/n"),
    ("purified/accepted_wrong/", "purified/n"),
];

/// What the share at `path` was counted over; none for what is no such share,
/// such as a mean of errors.
pub fn counted(path: &str) -> Option<Counted> {
    if path == "clf/accuracy" {
        return Some(Counted::Inputs("clf/n".to_owned()));
    }
    if let Some((_, n)) = ATTACKED.iter().find(|(start, _)| path.starts_with(start)) {
        return Some(Counted::Inputs((*n).to_owned()));
    }
    let (family, rest) = path.strip_prefix("ood/")?.split_once('/')?;
    let (set, _) = rest.rsplit_once('/')?;
    let (id, ood) = (format!("ood/n_id/{set}"), format!("ood/n_ood/{set}"));
    match family {
        "auroc" => Some(Counted::Pairs(id, ood)),
        "fpr95_id_positive" => Some(Counted::Inputs(ood)),
        "fpr95_ood_positive" => Some(Counted::Inputs(id)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::describe;

    #[test]
    fn shares_name_metrics_that_there_are() {
        let inputs = |n: &str| Some(Counted::Inputs(n.to_owned()));
        for (path, wanted) in [
            ("clf/accuracy", inputs("clf/n")),
            ("adversarial/accuracy/linf/pgd/0.1", inputs("adversarial/n")),
            ("adversarial/clean_accuracy", inputs("adversarial/n")),
            ("purified/after/seed/bpda/10", inputs("purified/n")),
            ("ood/fpr95_id_positive/kmnist/energy", inputs("ood/n_ood/kmnist")),
            ("ood/fpr95_ood_positive/kmnist/energy", inputs("ood/n_id/kmnist")),
            (
                "ood/auroc/kmnist/energy",
                Some(Counted::Pairs("ood/n_id/kmnist".to_owned(), "ood/n_ood/kmnist".to_owned())),
            ),
            ("ood/auroc_near/energy", None),
            ("calib/ece/bins=15", None),
            ("clf/nll", None),
        ] {
            assert!(describe(path).is_some(), "{path}");
            assert_eq!(counted(path), wanted, "{path}");
            let numbers = match wanted {
                None => Vec::new(),
                Some(Counted::Inputs(n)) => vec![n],
                Some(Counted::Pairs(id, ood)) => vec![id, ood],
            };
            assert!(numbers.iter().all(|n| describe(n).is_some()), "{path}: {numbers:?}");
        }
    }
}
