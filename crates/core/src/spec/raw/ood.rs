//! Out-of-distribution sets as written: a name or files.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::dataset::Source;
use crate::spec::OodSet;

/// An entry of `evaluate.ood` or `evaluate.validation_ood`.
#[derive(Clone, Debug, PartialEq)]
pub struct RawOod(pub OodSet);

/// The sets that are made rather than read.
const MADE: [(&str, OodSet, &str); 6] = [
    (
        "rotated",
        OodSet::Rotated,
        "The training set's own test images (held-out images in validation_ood), turned by 90°.",
    ),
    (
        "interpolation",
        OodSet::Interpolation,
        "Means of two of the training set's own test images (held-out images in validation_ood) (Grathwohl et al. 2020).",
    ),
    (
        "elastic",
        OodSet::Elastic,
        "The training set's own test images (held-out images in validation_ood), deformed elastically (Simard et al. 2003); their classes stay what they are.",
    ),
    (
        "letters",
        OodSet::Letters,
        "Printed letters that do not look like digits, as many as the training set has test images (held-out images in validation_ood), placed as digits are in MNIST.",
    ),
    ("uniform-noise", OodSet::UniformNoise, "Images of independent uniform pixels."),
    (
        "gaussian-noise",
        OodSet::GaussianNoise,
        "Images of independent normal pixels, mean 1/2 and variance 1 of the range, clipped to it (Liang et al. 2018).",
    ),
];

impl RawOod {
    /// The names of the sets that are made rather than read.
    pub fn made() -> impl Iterator<Item = &'static str> {
        MADE.iter().map(|(name, _, _)| *name)
    }
}

impl<'de> Deserialize<'de> for RawOod {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // One JSON value first: a name and a table share no common reader.
        let value = Value::deserialize(deserializer)?;
        let made = MADE.iter().find(|(name, _, _)| value.as_str() == Some(name));
        Ok(Self(match made {
            Some((_, set, _)) => set.clone(),
            None => OodSet::Test(Source::deserialize(value).map_err(serde::de::Error::custom)?),
        }))
    }
}

impl Serialize for RawOod {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            OodSet::Test(source) => source.serialize(serializer),
            made => serializer.serialize_str(&made.name()),
        }
    }
}

impl JsonSchema for RawOod {
    fn schema_name() -> Cow<'static, str> {
        "OodSet".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut options: Vec<Value> = MADE
            .iter()
            .map(|(name, _, what)| {
                json_schema!({"type": "string", "const": name, "description": what}).to_value()
            })
            .collect();
        options.push(generator.subschema_for::<Source>().to_value());
        json_schema!({ "anyOf": options })
    }
}
