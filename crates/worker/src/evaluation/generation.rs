//! Samples of the model: made anew, out of the buffer and of each class; their
//! nearest training images; Fréchet distance and Inception Score.

use std::error::Error;
use std::rc::Rc;

use jem_core::arrays::Arrays;
use jem_core::dataset::{INCEPTION_COMMAND, LabelledImages};
use jem_core::results::{self, Generation as Known, SampleScore, ShownSamples};
use jem_core::spec::{Extractor, Generation as Asked, PixelRange, ReferenceSplit};
use tch::{Kind, Tensor};

use super::extractor::{Features, Seen};
use super::fresh::Making;
use super::part::{Found, Look, Subject};
use super::sample_sources::{Source, sources};
use crate::data::Images;
use crate::eval::metric::inception_score;
use crate::eval::{Moments, frechet_distance, host, nearest};
use crate::jem::to_host;

/// Makes, shows and scores samples as `asked`.
///
/// # Errors
/// When a file cannot be written, or `look` fails.
pub fn measure(
    asked: &Asked,
    subject: &Subject<'_>,
    look: Look<'_>,
) -> Result<Found, Box<dyn Error>> {
    let mut found = Found::default();
    let training = subject.training_images(Some(asked.limit_train), "generation");
    let data = &subject.spec.training.data;
    let in_range = |range| Images::new(&training, range, 0.0, subject.seed, subject.device);
    let looks = asked.look_steps();
    let making = Making::new(
        subject,
        asked.sampler(&subject.spec.training.sampler),
        looks.clone(),
        Rc::new(in_range(data.range).dequantised(data.dequantise)),
    );
    let (sources, strips) = sources(asked, subject, &making, &mut *look)?;
    let mut arrays = Arrays::default();
    if let Some(strips) = strips {
        put_images(&mut arrays, "strips".to_owned(), &strips);
    }
    let images = in_range(PixelRange::ZeroOne);
    let mut known = Known {
        steps: asked.steps,
        looks,
        neighbours_among: images.len() as u64,
        ..Known::default()
    };
    look("nearest training images")?;
    for source in &sources {
        known.shown.extend(neighbours(source, asked, &images, &mut found, &mut arrays));
    }
    for &extractor in &asked.extractors {
        look(&format!("features by {}", extractor.name()))?;
        match features(extractor, subject, &images) {
            Ok(features) => {
                let scoring = Scoring { asked, subject, extractor, features };
                scoring.score(&sources, &mut known, &mut found, &mut *look)?;
            }
            Err(why) => {
                for source in &sources {
                    undefined(&mut found, &source.name, extractor, &why);
                }
            }
        }
    }
    found.files.push((results::GENERATION, serde_json::to_vec_pretty(&known)?));
    found.files.push((results::GENERATION_IMAGES, arrays.to_bytes()?));
    Ok(found)
}

/// The extractor, or why there is none.
fn features(
    extractor: Extractor,
    subject: &Subject<'_>,
    images: &Images,
) -> Result<Features, String> {
    match (extractor, &subject.inception) {
        (Extractor::Classifier, _) => Ok(Features::classifier(images)),
        (Extractor::Inception, Some(bytes)) => Features::inception(bytes, subject.device),
        (Extractor::Inception, None) => Err(format!(
            "there is no Inception extractor; get it by: {INCEPTION_COMMAND}, then: jem eval SPEC"
        )),
    }
}

fn frechet_path(source: &str, extractor: Extractor) -> String {
    format!("samples/frechet/{source}/{}", extractor.name())
}

fn score_path(source: &str, extractor: Extractor) -> String {
    format!("samples/inception_score/{source}/{}", extractor.name())
}

/// Why normals fitted to so few images are at no distance worth a number: the
/// covariance of n images has a rank below n, and where that is below the
/// number of features the fitted normal is none of all features.
fn too_few(moments: &Moments) -> Option<String> {
    moments.rank_deficient().then(|| {
        let (n, d) = (moments.n(), moments.features());
        format!("{n} images have no covariance of {d} features, which takes more than {d} images")
    })
}

fn undefined(found: &mut Found, source: &str, extractor: Extractor, why: &str) {
    found.values.put_or_why(frechet_path(source, extractor), Err(why));
    found.values.put_or_why(score_path(source, extractor), Err(why));
}

fn put_images(arrays: &mut Arrays, name: String, images: &Tensor) {
    let (shape, values) = to_host(images);
    arrays.insert_f32(name, &shape, values);
}

/// The samples of `source` that are shown, each with its nearest training
/// image; and, as a metric, the mean distance over all of its samples.
fn neighbours(
    source: &Source,
    asked: &Asked,
    images: &Images,
    found: &mut Found,
    arrays: &mut Arrays,
) -> Option<ShownSamples> {
    // Training images are at no distance from themselves.
    if source.is_real() && asked.reference.other() == ReferenceSplit::Train {
        return None;
    }
    let path = format!("samples/neighbour_distance/{}", source.name);
    let x = match &source.images {
        Ok(x) => x,
        Err(why) => {
            found.values.put_or_why(path, Err(why));
            return None;
        }
    };
    let rows: Vec<i64> = (0..images.len() as i64).collect();
    let all = nearest(&x.flatten(1, -1), &images.batch(&rows).0.flatten(1, -1));
    let mean = all.iter().map(|(_, distance)| distance).sum::<f64>() / all.len() as f64;
    found.values.put(path, mean);
    let shown = source.shown();
    let of: Vec<(usize, f64)> = shown.iter().map(|&place| all[place as usize]).collect();
    let rows: Vec<i64> = of.iter().map(|&(place, _)| place as i64).collect();
    let index = Tensor::from_slice(&shown).to_device(x.device());
    put_images(arrays, source.name.clone(), &x.index_select(0, &index));
    put_images(arrays, format!("{}/neighbours", source.name), &images.batch(&rows).0);
    let class = |all: &Vec<usize>| shown.iter().map(|&i| all[i as usize] as u64).collect();
    Some(ShownSamples {
        source: source.name.clone(),
        asked: source.classes.as_ref().map(class),
        seen: None,
        neighbours: of.iter().map(|&(place, _)| place as u64).collect(),
        distances: of.iter().map(|&(_, distance)| distance).collect(),
    })
}

/// One extractor and what it is asked.
struct Scoring<'a> {
    asked: &'a Asked,
    subject: &'a Subject<'a>,
    extractor: Extractor,
    features: Features,
}

impl Scoring<'_> {
    fn score(
        &self,
        sources: &[Source],
        known: &mut Known,
        found: &mut Found,
        look: Look<'_>,
    ) -> Result<(), Box<dyn Error>> {
        let (limit, purpose) = (Some(self.asked.reference_limit), "generation reference");
        let reference = match self.asked.reference {
            ReferenceSplit::Train => self.subject.training_images(limit, purpose),
            ReferenceSplit::Test => self.subject.test_images(limit, purpose),
        };
        let reference = self.see_real(&reference, &mut *look)?.and_then(|seen| {
            Moments::of(&seen.features).map_err(|error| format!("the reference: {error}"))
        });
        if let Ok(moments) = &reference {
            let accuracy = self.accuracy(&mut *look)?;
            let used = known.neighbours_among;
            let features = moments.features() as u64;
            known.extractors.push(self.features.described(used, features, accuracy));
            if let Some(accuracy) = accuracy {
                let path = format!("samples/extractor_accuracy/{}", self.extractor.name());
                found.values.put(path, accuracy);
            }
        }
        for source in sources {
            let (moments, x) = match (&reference, &source.images) {
                (Ok(moments), Ok(x)) => (moments, x),
                (Err(why), _) | (_, Err(why)) => {
                    undefined(found, &source.name, self.extractor, why);
                    continue;
                }
            };
            match self.features.see(x, &mut *look)? {
                Ok(seen) => self.one(source, moments, &seen, known, found),
                Err(why) => undefined(found, &source.name, self.extractor, &why),
            }
        }
        Ok(())
    }

    fn see_real(
        &self,
        set: &LabelledImages,
        look: Look<'_>,
    ) -> Result<Result<Seen, String>, Box<dyn Error>> {
        let Subject { seed, device, .. } = *self.subject;
        let images = Images::new(set, PixelRange::ZeroOne, 0.0, seed, device);
        let rows: Vec<i64> = (0..images.len() as i64).collect();
        self.features.see(&images.batch(&rows).0, look)
    }

    /// On the test set; none of an extractor without our classes.
    fn accuracy(&self, look: Look<'_>) -> Result<Option<f64>, Box<dyn Error>> {
        let Features::Classifier { .. } = self.features else { return Ok(None) };
        let seen = self.see_real(self.subject.test, look)?;
        let Some(classes) = seen.ok().and_then(|seen| seen.classes()) else { return Ok(None) };
        let labels = &self.subject.test.labels;
        let right = classes.iter().zip(labels).filter(|(seen, label)| **seen == u64::from(**label));
        Ok(Some(right.count() as f64 / labels.len() as f64))
    }

    /// The scores of one source; what is asked of classes is asked of all of
    /// its samples, whatever is selected.
    fn one(
        &self,
        source: &Source,
        reference: &Moments,
        seen: &Seen,
        known: &mut Known,
        found: &mut Found,
    ) {
        if let (Some(asked), Some(classes)) = (&source.classes, seen.classes()) {
            let right = asked.iter().zip(&classes).filter(|(a, c)| **a as u64 == **c).count();
            let path = format!("samples/conditional_agreement/{}", self.extractor.name());
            found.values.put(path, right as f64 / asked.len() as f64);
            if let Some(shown) = known.shown.iter_mut().find(|shown| shown.source == source.name) {
                let of = source.shown().into_iter().map(|place| classes[place as usize]);
                shown.seen = Some(of.collect());
            }
        }
        let chosen = source.chosen(self.asked.most_confident);
        let rows = Tensor::from_slice(&chosen).to_device(seen.features.device());
        let moments = Moments::of(&seen.features.index_select(0, &rows));
        let rank_deficient =
            reference.rank_deficient() || moments.as_ref().is_ok_and(Moments::rank_deficient);
        let selected = chosen.len() < source.len();
        let few = |moments: &Moments, what: &str, field: &str| {
            too_few(moments).map_or(Ok(()), |why| Err(format!("{what}: {why}; raise {field}")))
        };
        let frechet = moments.map_err(|error| error.to_string()).and_then(|moments| {
            few(reference, "the reference", "evaluate.generation.reference_limit")?;
            few(&moments, &source.name, source.more(selected))?;
            Ok(frechet_distance(reference, &moments))
        });
        let score = match &seen.probabilities {
            Some(p) => inception_score(&host(&p.index_select(0, &rows)), p.size()[1] as usize)
                .map_err(|error| error.to_string()),
            None => Err("the extractor gives features and no classes".to_owned()),
        };
        let finite = |value: &f64| value.is_finite();
        let n = format!("samples/n/{}/{}", source.name, self.extractor.name());
        found.values.put(n, chosen.len() as f64);
        known.scores.push(SampleScore {
            source: source.name.clone(),
            extractor: self.extractor.name().to_owned(),
            n: chosen.len() as u64,
            of: source.len() as u64,
            selection: if selected { "most confident" } else { "none" }.to_owned(),
            reference: self.asked.reference.name().to_owned(),
            n_reference: reference.n() as u64,
            features: reference.features() as u64,
            rank_deficient,
            frechet: frechet.as_ref().ok().copied().filter(finite),
            inception_score: score.as_ref().ok().copied().filter(finite),
        });
        found.values.put_or_why(frechet_path(&source.name, self.extractor), frechet);
        found.values.put_or_why(score_path(&source.name, self.extractor), score);
    }
}

impl Seen {
    /// The most probable class of each image.
    fn classes(&self) -> Option<Vec<u64>> {
        let probabilities = self.probabilities.as_ref()?;
        let values = host(probabilities);
        let classes = probabilities.size()[1] as usize;
        let most = |row: &[f64]| {
            let better = |best: usize, y: usize| if row[y] > row[best] { y } else { best };
            (1..row.len()).fold(0, better) as u64
        };
        debug_assert_eq!(probabilities.kind(), Kind::Double);
        Some(values.chunks_exact(classes).map(most).collect())
    }
}
