//! What the names in a report stand for, and what each kind of recommender is like.

use crate::judge::contestants::NO_RL;
use crate::judge::figures::RunMetrics;
use drr_baselines::{BaselineConfig, Character};
use drr_core::{Form, LearnerId, Mode};
use drr_eval::report::{Cell, Table};

/// What the names mean, and what each recommender is like.
pub fn table(metrics: &RunMetrics) -> Table {
    let mut seen: Vec<&str> = Vec::new();
    let mut rows = Vec::new();
    for it in &metrics.judged {
        let name = &*it.summary.recommender;
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let main = metrics.learners.first().map(String::as_str);
        let known = it.id.as_ref().map_or_else(|| of(name), |id| learner(id, main));
        let cells = [name, known.meaning, known.needs, known.new_users, known.new_items];
        rows.push(cells.map(Cell::text).to_vec());
    }
    Table {
        caption: "What the names mean, and what each recommender needs.".to_owned(),
        columns: ["recommender", "what it is", "needs", "new users", "new items"].map(str::to_owned).to_vec(),
        rows,
        ..Table::default()
    }
}

const fn character(
    meaning: &'static str,
    needs: &'static str,
    new_users: &'static str,
    new_items: &'static str,
) -> Character {
    Character { meaning, needs, new_users, new_items }
}

const NEVER: &str = Character::NEVER;
const FOLDED: &str = Character::FOLDED_IN;

/// The character behind the name of a recommender without RL.
fn of(name: &str) -> Character {
    let name = name.strip_suffix(Mode::Adaptive.suffix()).unwrap_or(name);
    if let Some(character) = BaselineConfig::character_of(name) {
        return character;
    }
    match name {
        "pmf" => character("factors trained on ratings, without biases", "ratings", FOLDED, NEVER),
        "co_occurrence" => {
            character("the sum of the history's co-occurrence factors", "ratings", FOLDED, NEVER)
        }
        NO_RL => character("the agent without RL: the user's vector is the action", "ratings", FOLDED, NEVER),
        "reward_model" => {
            character("DRR's networks, supervised: the greatest reward now", "ratings", FOLDED, "as any item")
        }
        "sas_rec" => character("self-attention over the history", "ratings, times", FOLDED, NEVER),
        "gru4rec" => character("a recurrent network over the history", "ratings, times", FOLDED, NEVER),
        "oracle" => character("knows the answers: the ceiling", "the test rows", "-", "-"),
        _ => character("", "", "", ""),
    }
}

/// What a recommender of a run is, in a few words; empty where there are none. `id` is who it is if it learns, `main` the name of
/// the run's own agent.
#[must_use]
pub fn meaning(name: &str, id: Option<&LearnerId>, main: &str) -> &'static str {
    id.map_or_else(|| of(name), |id| learner(id, Some(main))).meaning
}

fn learner(id: &LearnerId, main: Option<&str>) -> Character {
    let meaning = match (id.form, id.mode) {
        (_, Mode::Online) => "the agent, learning within the session",
        (Form::Untrained, _) => "the agent before its first update",
        (Form::Greedy, _) => "the agent's greedy twin, discount 0",
        (Form::Supervised, _) => "the agent's twin without TD learning",
        (Form::Agent, _) => match &*id.name {
            "drn" => "double dueling Q-network with exploration networks (Zheng et al. 2018)",
            "lird" => "list-wise actor and critic (Zhao et al. 2018)",
            "deers" => "Q-network of positive and negative feedback (Zhao et al. 2018)",
            "dpg_fbe" => "deterministic policy gradient with full backup (Hu et al. 2018)",
            name if main == Some(name) => "the agent",
            _ => "another agent",
        },
    };
    let needs = if id.form == Form::Untrained { "ratings" } else { "ratings, times" };
    character(meaning, needs, FOLDED, NEVER)
}
