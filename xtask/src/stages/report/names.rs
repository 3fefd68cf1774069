//! What the names in a report stand for, and what each kind of recommender is like.

use crate::stages::evaluate::{ADAPTIVE, NO_RL};
use crate::stages::names::{Form, Names, Parsed};
use drr_baselines::{BaselineConfig, Character};

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

/// The character behind a name.
pub fn of(names: &Names, name: &str) -> Character {
    let name = name.strip_suffix(ADAPTIVE).unwrap_or(name);
    if let Some(parsed) = names.parse(name) {
        return learner(names, parsed);
    }
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

fn learner(names: &Names, parsed: Parsed<'_>) -> Character {
    let meaning = match (parsed.form, parsed.online) {
        (_, true) => "the agent, learning within the session",
        (Form::Untrained, _) => "the agent before its first update",
        (Form::Greedy, _) => "the agent's greedy twin, discount 0",
        (Form::Supervised, _) => "the agent's twin without TD learning",
        (Form::Agent, _) => match parsed.learner {
            "drn" => "double dueling Q-network with exploration networks (Zheng et al. 2018)",
            "lird" => "list-wise actor and critic (Zhao et al. 2018)",
            "deers" => "Q-network of positive and negative feedback (Zhao et al. 2018)",
            "dpg_fbe" => "deterministic policy gradient with full backup (Hu et al. 2018)",
            learner if names.is_main(learner) => "the agent",
            _ => "another agent",
        },
    };
    let needs = if parsed.form == Form::Untrained { "ratings" } else { "ratings, times" };
    character(meaning, needs, FOLDED, NEVER)
}
