//! What a reader sees first: both answers, and a picture of long sessions.

use crate::judge::sessions::{SessionFigures, SessionLine, SessionTable};
use drr_core::Knowledge;
use drr_eval::report::{Plot, Role, Section, Standing};

/// The picture's file in the run's folder.
pub const PICTURE: &str = "sessions.svg";

/// The first section: the answers in words, and the picture where the run has long sessions.
pub fn section(answers: Vec<String>, figures: Option<&SessionFigures>, dataset: &str) -> Option<Section> {
    let plots: Vec<Plot> = figures.and_then(|figures| picture(figures, dataset)).into_iter().collect();
    (!answers.is_empty()).then(|| Section {
        heading: "The answer".to_owned(),
        prose: answers,
        plots,
        ..Section::default()
    })
}

/// The total reward of those whom a newcomer wants to see beside each other, the greatest first; nothing without an agent.
pub fn picture(figures: &SessionFigures, dataset: &str) -> Option<Plot> {
    let table = figures.tables.first()?;
    let mut standings: Vec<Standing> = shown(table)?
        .into_iter()
        .map(|(line, name, role)| {
            let total = line.total_reward.over_users;
            Standing {
                name: name.to_owned(),
                note: line.recommender.clone(),
                value: total.mean,
                interval: Some((total.low, total.high)),
                role,
            }
        })
        .collect();
    standings.sort_by(|left, right| right.value.total_cmp(&left.value));
    Some(Plot::Standings {
        title: format!(
            "Total reward of a long session: {dataset}, {} test users, 95 % intervals",
            figures.n_users
        ),
        x_label: format!("total reward in expectation over leaving, world {}", table.world),
        standings,
        digits: 2,
    })
}

/// Whom the picture shows, each with a name in plain words; who stands there twice is shown once.
fn shown(table: &SessionTable) -> Option<Vec<(&SessionLine, &'static str, Role)>> {
    let agent = table.agent()?;
    let told = table.lines.iter().filter(|line| !line.is_learnt && line.knowledge == Knowledge::Dynamics);
    let told = told.max_by(|left, right| mean(left).total_cmp(&mean(right)));
    let all = [
        (Some(agent), "The RL agent", Role::Subject),
        (table.twin(), "The agent without looking ahead", Role::Variant),
        (told, "A rule that is told how users change", Role::Other),
        (table.best_rule(), "The best rule without RL", Role::Other),
        (table.line(super::GREEDY), "Greedy: the best predicted rating", Role::Other),
        (table.line("greedy_popularity"), "What is popular", Role::Other),
        (table.line("greedy_random"), "A random order", Role::Other),
    ];
    let mut shown: Vec<(&SessionLine, &'static str, Role)> = Vec::new();
    for (line, name, role) in all {
        if let Some(line) = line.filter(|it| shown.iter().all(|other| other.0.recommender != it.recommender))
        {
            shown.push((line, name, role));
        }
    }
    Some(shown)
}

fn mean(line: &SessionLine) -> f64 {
    line.total_reward.over_users.mean
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::sessions::CategorySource;
    use drr_env::worlds::Dynamics;
    use drr_eval::{Interval, SeedFigures, SessionMeasure};
    use std::collections::BTreeMap;

    fn line(recommender: &str, knowledge: Knowledge, is_learnt: bool, mean: f64) -> SessionLine {
        let figures = |measure| SeedFigures {
            measure,
            over_users: Interval { mean, low: mean - 0.1, high: mean + 0.1 },
            of_seeds: vec![mean],
            over_seeds: None,
            deviation: 0.0,
        };
        SessionLine {
            recommender: recommender.to_owned(),
            knowledge,
            settings: None,
            is_learnt,
            total_reward: figures(SessionMeasure::TotalReward),
            length: figures(SessionMeasure::Length),
            reward_per_step: figures(SessionMeasure::RewardPerStep),
            coverage: 0.5,
            agent_minus_this: None,
        }
    }

    fn figures(lines: Vec<SessionLine>) -> SessionFigures {
        let table = SessionTable { world: "w".to_owned(), dynamics: Dynamics::default(), lines };
        SessionFigures {
            dataset_hash: String::new(),
            config_hash: String::new(),
            n_users: 3,
            n_candidates: 9,
            categories: CategorySource::DataSet,
            category_attribute: None,
            n_categories: 2,
            estimates: None,
            tables: vec![table],
            values: BTreeMap::new(),
        }
    }

    #[test]
    fn the_picture_has_the_best_rules_the_twin_and_the_agent_in_the_order_of_their_rewards() {
        let lines = vec![
            line("greedy_random", Knowledge::Log, false, -1.0),
            line("mmr_weak", Knowledge::Log, false, 2.0),
            line("mmr_strong", Knowledge::Log, false, 3.0),
            line("informed_weak", Knowledge::Dynamics, false, 4.0),
            line("informed_strong", Knowledge::Dynamics, false, 5.0),
            line("mmr_judge", Knowledge::Judge, false, 9.0),
            line("session_agent_gamma_0", Knowledge::Log, true, 1.0),
            line("session_agent", Knowledge::Log, true, 6.0),
        ];
        let Some(Plot::Standings { standings, title, .. }) = picture(&figures(lines), "ml-1m") else {
            panic!("there is no picture")
        };
        let notes: Vec<&str> = standings.iter().map(|it| it.note.as_str()).collect();
        let expected =
            ["session_agent", "informed_strong", "mmr_strong", "session_agent_gamma_0", "greedy_random"];
        assert_eq!(notes, expected);
        assert_eq!(standings[0].role, Role::Subject);
        assert_eq!(standings[3].role, Role::Variant);
        assert_eq!(standings[0].interval, Some((5.9, 6.1)));
        assert!(title.contains("ml-1m, 3 test users"), "{title}");
    }

    #[test]
    fn a_greedy_line_that_is_the_best_rule_is_shown_once_and_without_lines_there_is_no_picture() {
        let lines = vec![
            line(super::super::GREEDY, Knowledge::Log, false, 3.0),
            line("session_agent", Knowledge::Log, true, 2.0),
        ];
        let Some(Plot::Standings { standings, .. }) = picture(&figures(lines), "d") else {
            panic!("there is no picture")
        };
        assert_eq!(standings.len(), 2);
        assert_eq!(standings[0].name, "The best rule without RL");
        assert_eq!(picture(&figures(Vec::new()), "d"), None);
    }
}
