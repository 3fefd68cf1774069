//! Which protocols a data set allows: one needs its rows, somebody to learn from, and somebody to judge by.

use super::{Cut, Phase};
use crate::config::ExperimentConfig;
use crate::failure::{Kind, kind};
use anyhow::{Result, bail};
use drr_core::{Part, Protocol};
use drr_data::{DataError, Dataset};
use drr_env::{RatingScale, RewardScale, Sessions, Unrated};

/// A protocol that is left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The protocol.
    pub protocol: Protocol,
    /// Why, as the end of a sentence.
    pub why: String,
}

/// The protocols of a configuration that the data set does not allow.
#[must_use]
pub fn left_out(dataset: &Dataset, config: &ExperimentConfig) -> Vec<LeftOut> {
    let of = |protocol: &Protocol| {
        let why = why_not(dataset, config, *protocol)?;
        Some(LeftOut { protocol: *protocol, why })
    };
    config.evaluation.protocols.iter().filter_map(of).collect()
}

fn why_not(dataset: &Dataset, config: &ExperimentConfig, protocol: Protocol) -> Option<String> {
    match dataset.split_hash(protocol) {
        Ok(_) => {}
        Err(DataError::NoTime { .. }) => return Some("the data set has no times".to_owned()),
        Err(_) => return Some("the data set has too few rows for its parts".to_owned()),
    }
    let cut =
        |protocol| Cut { dataset, protocol, seed: config.seed, positive_rating: config.data.positive_rating };
    let (own, split) = (cut(protocol), cut(protocol.split()));
    let n_observed = config.evaluation.n_observed;
    let nobody = |outcome: Result<()>| outcome.is_err_and(|error| kind(&error) == Kind::TooFewUsers);
    // What fails for another reason fails where it is needed, with its own words.
    if nobody(own.cases(Part::Test, n_observed).map(drop)) {
        Some("its test rows have nobody to judge by".to_owned())
    } else if nobody(split.cases(Part::Validation, n_observed).map(drop)) {
        Some("its validation rows have nobody to choose by".to_owned())
    } else if nobody(sessions(&split, config, Phase::Choose))
        || nobody(sessions(&split, config, Phase::Final))
    {
        let known = match protocol {
            Protocol::FirstRatings => format!(" beyond the {n_observed} that are known"),
            _ => " to be cut in two".to_owned(),
        };
        Some(format!("no user has enough ratings{known}, so there is nobody to learn from"))
    } else {
        None
    }
}

/// The sessions that a learner is trained in.
fn sessions(cut: &Cut<'_>, config: &ExperimentConfig, phase: Phase) -> Result<()> {
    let start = config.environment.start(cut.protocol);
    let mut random = cut.seeds().child("agent").stream("sessions");
    Sessions::new(&cut.log(phase)?, &start, cut.positive(), &mut random)?;
    Ok(())
}

/// Refuses rewards by which a liked item is worth less than one that the user never met: an agent would learn to avoid what
/// users like.
///
/// # Errors
///
/// Names the setting and what it would have to be.
pub fn check_reward(dataset: &Dataset, config: &ExperimentConfig) -> Result<()> {
    let (low, high) = dataset.manifest().rating_scale;
    let positive = config.data.positive_rating;
    if positive > high {
        bail!(
            "data.positive_rating = {positive}, but the ratings go from {low} to {high}: nothing would be liked; set it to {high} or less"
        );
    }
    let scale = RatingScale::new(low, high)?;
    let reward = config.environment.reward;
    let Unrated::Constant { reward: unknown } = reward.unrated else { return Ok(()) };
    let liked = reward.of_rating(positive, scale);
    if liked >= unknown {
        return Ok(());
    }
    let least = match reward.scale {
        RewardScale::Centred => scale.middle() + unknown * scale.half_range(),
        RewardScale::Raw => scale.middle() + unknown,
    };
    bail!(
        "a rating of {positive}, which is liked (data.positive_rating), would have the reward {liked:.2} on the scale from {low} to {high}, \
         less than an item that the user never met ({unknown}, environment.reward.unrated): an agent would learn to avoid what users like. \
         Set data.positive_rating to {least} or more, or that reward below {liked:.2}; counts are graded where the log is given with --file"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_data::{RawLog, SourceNote, SplitConfig, SyntheticConfig, generate_synthetic};

    fn plays(scale: (f32, f32)) -> Dataset {
        let raw = generate_synthetic("synthetic", &SyntheticConfig::small()).unwrap();
        let raw = RawLog { rating_scale: scale, ..raw };
        Dataset::from_raw(&raw, &SplitConfig::default(), SourceNote::default()).unwrap()
    }

    fn positive(least: f32) -> ExperimentConfig {
        let mut config = ExperimentConfig::default();
        config.data.positive_rating = least;
        config
    }

    #[test]
    fn a_liked_item_is_never_worth_less_than_one_that_was_never_met() {
        check_reward(&plays((1.0, 5.0)), &positive(4.0)).unwrap();
        let error = check_reward(&plays((1.0, 40.0)), &positive(5.0)).unwrap_err().to_string();
        assert!(error.contains("the reward -0.79"), "{error}");
        assert!(error.contains("Set data.positive_rating to 10.75 or more"), "{error}");
        check_reward(&plays((1.0, 40.0)), &positive(10.75)).unwrap();
        let error = check_reward(&plays((1.0, 5.0)), &positive(6.0)).unwrap_err().to_string();
        assert!(error.contains("nothing would be liked; set it to 5 or less"), "{error}");
    }

    #[test]
    fn a_protocol_without_anybody_is_left_out_with_the_reason_and_the_others_stay() {
        let dataset = plays((1.0, 5.0));
        let mut config = ExperimentConfig::default();
        config.evaluation.protocols = vec![Protocol::FirstRatings, Protocol::Temporal];
        assert_eq!(left_out(&dataset, &config), []);
        // Nobody has so many ratings.
        config.evaluation.n_observed = 100_000;
        let found = left_out(&dataset, &config);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].protocol, Protocol::FirstRatings);
        assert!(found[0].why.contains("nobody to judge by"), "{found:?}");
    }
}
