//! The study of later rewards: returns beside the optimum, and the learning curves.

use crate::study::long_term::{LongTermRun, LongTermStudy, N_RANDOM};
use drr_core::Form;
use drr_eval::report::{Cell, Plot, Section, Series, Table};

/// The section of a study.
pub fn section(study: &LongTermStudy) -> Section {
    Section {
        heading: "Does the agent learn from later rewards?".to_owned(),
        prose: vec![prose(study)],
        tables: vec![table(study)],
        plots: vec![plot(study)],
        ..Section::default()
    }
}

fn prose(study: &LongTermStudy) -> String {
    let shares = |name: &str| {
        let shares: Vec<String> =
            runs(study, name).map(|it| format!("{:.1} %", 100.0 * it.last() / study.optimum)).collect();
        if shares.is_empty() { "nothing".to_owned() } else { shares.join(", ") }
    };
    let of_all: Vec<String> = learners(study)
        .into_iter()
        .map(|name| {
            format!(
                "{name} ends at {} of it, its twin with discount 0 at {}",
                shares(name),
                shares(&twin(name))
            )
        })
        .collect();
    format!(
        "In a small world of sweets, which please at once and spoil the mood, and vegetables, which please less and lift it, the greatest immediate reward is the wrong choice and the best return is known. {} (one training per seed); sweets alone get {:.1} %, random items {:.1} %. An agent does not see when a session ends: the best policy without that knowledge, by the agent's discount of {}, gets {:.1} %.",
        of_all.join("; "),
        100.0 * study.greedy / study.optimum,
        100.0 * study.random / study.optimum,
        study.discount,
        100.0 * study.discounted / study.optimum,
    )
}

/// The learners without their twins, in the order of their training.
fn learners(study: &LongTermStudy) -> Vec<&str> {
    let mut names: Vec<&str> = study.runs.iter().map(|it| it.agent.as_str()).collect();
    names.dedup();
    let is_twin = |name: &str| names.iter().any(|other| twin(other) == name);
    names.iter().copied().filter(|name| !is_twin(name)).collect()
}

fn twin(name: &str) -> String {
    format!("{name}{}", Form::Greedy.suffix())
}

fn runs<'a>(study: &'a LongTermStudy, name: &str) -> impl Iterator<Item = &'a LongTermRun> {
    study.runs.iter().filter(move |it| it.agent == name)
}

fn table(study: &LongTermStudy) -> Table {
    let known = |name: &str, value: f64| row(study, name, "-", value);
    let mut rows = vec![
        known("optimum", study.optimum),
        known("best without the time", study.discounted),
        known("random", study.random),
        known("vegetables alone", study.patient),
        known("greedy: sweets alone", study.greedy),
    ];
    let out_of_competition = (0..rows.len()).collect();
    rows.extend(study.runs.iter().map(|it| row(study, &it.agent, &it.seed.to_string(), it.last())));
    Table {
        caption: format!(
            "The return of a session without exploration at the end of the training, undiscounted; the optimum by dynamic programming; random is the mean of {N_RANDOM} sessions."
        ),
        columns: ["policy", "seed", "return", "share of the optimum"].map(str::to_owned).to_vec(),
        rows,
        out_of_competition,
        ..Table::default()
    }
}

fn row(study: &LongTermStudy, name: &str, seed: &str, value: f64) -> Vec<Cell> {
    vec![Cell::text(name), Cell::text(seed), Cell::value(value, 3), Cell::value(value / study.optimum, 3)]
}

/// The mean curve of each agent over its seeds, between the levels of what is known.
fn plot(study: &LongTermStudy) -> Plot {
    let mut names: Vec<&str> = study.runs.iter().map(|it| it.agent.as_str()).collect();
    names.dedup();
    let curve = |name: &str| Series { name: name.to_owned(), points: mean_curve(study, name) };
    let mut series: Vec<Series> = names.into_iter().map(curve).collect();
    let ends = |value: f64| {
        let last = series.first().and_then(|it| it.points.last()).map_or(0.0, |point| point.0);
        vec![(0.0, value), (last, value)]
    };
    let levels = [("optimum", study.optimum), ("random", study.random), ("greedy", study.greedy)]
        .map(|(name, value)| Series { name: name.to_owned(), points: ends(value) });
    series.extend(levels);
    Plot::Lines {
        title: "Return of a session without exploration, mean over the seeds".to_owned(),
        x_label: "sessions of training".to_owned(),
        y_label: "return".to_owned(),
        series,
    }
}

fn mean_curve(study: &LongTermStudy, name: &str) -> Vec<(f64, f64)> {
    let curves: Vec<&[(u64, f64)]> = runs(study, name).map(|it| &*it.curve).collect();
    let n_points = curves.iter().map(|it| it.len()).min().unwrap_or(0);
    let mean = |at: usize| curves.iter().map(|it| it[at].1).sum::<f64>() / curves.len() as f64;
    (0..n_points).map(|at| (curves[0][at].0 as f64, mean(at))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_is_the_mean_over_the_seeds_and_shares_are_of_the_optimum() {
        let run =
            |seed, last| LongTermRun { agent: "drr_ave".into(), seed, curve: vec![(0, 1.0), (8, last)] };
        let study = LongTermStudy {
            optimum: 10.0,
            discounted: 9.0,
            discount: 0.9,
            patient: 5.0,
            greedy: 2.0,
            random: 4.0,
            runs: vec![run(0, 8.0), run(1, 9.0)],
        };
        assert_eq!(mean_curve(&study, "drr_ave"), [(0.0, 1.0), (8.0, 8.5)]);
        assert_eq!(mean_curve(&study, "drr_ave_gamma_0"), []);
        let section = section(&study);
        assert!(section.prose[0].contains("80.0 %, 90.0 %"), "{:?}", section.prose);
        assert_eq!(section.tables[0].rows[5][3], Cell::value(0.8, 3));
    }
}
