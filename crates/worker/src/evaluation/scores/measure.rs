//! From a trained network to the AUROC of every score.

use std::error::Error;

use jem_core::results::{self, ChosenScore, OodScores};
use jem_core::spec::{PostHoc, Scores};

use super::{Group, Groups, Marks, Scorer, groups, marks, tuned};
use crate::eval::metric::{Score, detection};
use crate::eval::scores::{Bank, Head};
use crate::eval::{Resampled, Values, bootstrap_auroc, near_and_far, put_detection};
use crate::evaluation::{Found, Look, Subject};

/// A score that the training features do not allow, and why.
type Unfit = (PostHoc, String);

/// Every score on every set, and the choice of their settings.
///
/// # Errors
/// When a logit is not finite, a file cannot be written, or `look` fails.
pub fn measure(
    asked: &Scores,
    subject: &Subject<'_>,
    look: Look<'_>,
) -> Result<Found, Box<dyn Error>> {
    let mut found = Found::default();
    let groups = groups(subject, asked.limit_train);
    look("features of training images")?;
    let (network, parameters) = (subject.network.as_ref(), &subject.parameters[..]);
    let head = Head::of(network, parameters);
    let Group { images, noise, .. } = &groups.training;
    let bank = Bank::new(network, parameters, images, noise, &groups.known);
    let (mut scorers, mut unfit): (Vec<Scorer>, Vec<Unfit>) = (Vec::new(), Vec::new());
    for &kind in &asked.kinds {
        match Scorer::new(kind, asked, &bank, &head) {
            Ok(scorer) => scorers.push(scorer),
            Err(why) => unfit.push((kind, why)),
        }
    }
    let mut seen = |group: &Group, scorers: &[Scorer]| -> Result<Marks, Box<dyn Error>> {
        look(&format!("scores on {}", group.name))?;
        marks(group, scorers, subject, &head).map_err(Into::into)
    };
    let mut told = OodScores {
        n_train: bank.n() as u64,
        dimensions: bank.dimensions() as u64,
        bootstrap: asked.bootstrap.unwrap_or_default(),
        ..OodScores::default()
    };
    let validation = choose(&mut scorers, &groups, &mut told, &mut seen)?;
    let id = seen(&groups.test, &scorers)?;
    // What settings are chosen by sees no test image where images are held out.
    let held_out = match &groups.held_out {
        Some(held_out) if !validation.is_empty() => Some(seen(held_out, &scorers)?),
        _ => None,
    };
    let against = held_out.as_ref().unwrap_or(&id);
    for (set, marks) in groups.validation_ood.iter().zip(&validation) {
        for (name, id, ood) in own(&scorers, against, marks) {
            let value = detection(id, ood).map(|found| found.auroc);
            found.values.put_or_why(format!("ood_validation/auroc/{}/{name}", set.name), value);
        }
    }
    for set in &groups.ood {
        let marks = seen(set, &scorers)?;
        for (name, id, ood) in own(&scorers, &id, &marks) {
            put_detection(&mut found.values, &set.name, name, detection(id, ood));
        }
        for (kind, why) in &unfit {
            let path = format!("ood/auroc/{}/{}", set.name, kind.name());
            found.values.put_or_why(path, Err(why));
        }
        if let Some(resamples) = asked.bootstrap {
            let place = (subject.seed, set.name.as_str(), resamples);
            intervals(&mut found.values, &scorers, (&id, &marks), place);
        }
    }
    let names: Vec<&str> = asked.kinds.iter().map(|kind| kind.name()).collect();
    let evaluate = &subject.spec.evaluate;
    near_and_far(&mut found.values, &names, &evaluate.near, &evaluate.far);
    found.files.push((results::SCORES, serde_json::to_vec_pretty(&told)?));
    Ok(found)
}

/// Leaves each of `scorers` the setting to use, and writes down which; gives
/// what they say, so set, of the validation sets.
fn choose(
    scorers: &mut [Scorer],
    groups: &Groups,
    told: &mut OodScores,
    seen: &mut impl FnMut(&Group, &[Scorer]) -> Result<Marks, Box<dyn Error>>,
) -> Result<Vec<Marks>, Box<dyn Error>> {
    let sets = &groups.validation_ood;
    let several = scorers.iter().any(|scorer| scorer.settings.len() > 1);
    let id = groups.held_out.as_ref().unwrap_or(&groups.test);
    let id_marks = match several && !sets.is_empty() {
        true => {
            told.tuned_on = sets.iter().map(|set| set.name.clone()).collect();
            told.told_from = id.name.clone();
            Some(seen(id, scorers)?)
        }
        false => None,
    };
    let mut validation =
        sets.iter().map(|set| seen(set, scorers)).collect::<Result<Vec<_>, _>>()?;
    let chosen: Vec<(usize, ChosenScore)> = tuned(scorers, id_marks.as_ref(), &validation);
    for (index, (place, score)) in chosen.into_iter().enumerate() {
        scorers[index].keep(place);
        for marks in &mut validation {
            marks.own[index].truncate(place + 1);
            marks.own[index].drain(..place);
        }
        told.scores.push(score);
    }
    Ok(validation)
}

/// Name, ID scores and OOD scores of each scorer, at the setting that is left.
fn own<'a>(
    scorers: &'a [Scorer],
    id: &'a Marks,
    ood: &'a Marks,
) -> impl Iterator<Item = (&'static str, &'a Vec<f64>, &'a Vec<f64>)> {
    let marks = id.own.iter().zip(&ood.own);
    scorers
        .iter()
        .zip(marks)
        .filter_map(|(scorer, (id, ood))| Some((scorer.kind.name(), id.first()?, ood.first()?)))
}

/// Intervals of the AUROC of every score on one set, those of logits alone
/// first.
fn intervals(
    values: &mut Values,
    scorers: &[Scorer],
    (id, ood): (&Marks, &Marks),
    (seed, set, resamples): (u64, &str, u64),
) {
    let mut names: Vec<&str> = Score::ALL.map(Score::name).to_vec();
    let mut scored = (id.of_logits.clone(), ood.of_logits.clone());
    for (name, id, ood) in own(scorers, id, ood) {
        names.push(name);
        scored.0.push(id.clone());
        scored.1.push(ood.clone());
    }
    let found = bootstrap_auroc((&scored.0, &scored.1), (seed, set), resamples);
    for (name, resampled) in names.iter().zip(found) {
        let paths = ["low", "high"].map(|end| format!("ood/auroc_{end}/{set}/{name}"));
        let ends = match resampled {
            // The AUROC itself has no value and says why.
            None => continue,
            Some(Resampled::Ends(low, high)) => [Ok(low), Ok(high)],
            Some(Resampled::AllAgree) => [Err("no interval: all resamples agree"); 2],
        };
        for (path, end) in paths.into_iter().zip(ends) {
            values.put_or_why(path, end);
        }
    }
}
