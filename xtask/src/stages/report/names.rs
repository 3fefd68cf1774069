//! What the names in a report stand for, and what each kind of recommender is like.

use crate::stages::evaluate::{ADAPTIVE, NO_RL};
use crate::stages::jobs;

/// What a recommender is, what it needs, and whom it can serve without being trained anew.
pub struct Character {
    /// In a few words.
    pub meaning: &'static str,
    /// What it reads of a log.
    pub needs: &'static str,
    /// How it treats a user who is in no training data.
    pub new_users: &'static str,
    /// How it treats an item that nobody has rated.
    pub new_items: &'static str,
}

const fn character(
    meaning: &'static str,
    needs: &'static str,
    new_users: &'static str,
    new_items: &'static str,
) -> Character {
    Character { meaning, needs, new_users, new_items }
}

const NEVER: &str = "never recommended before a rating";
const SAME: &str = "the same list as for everyone";
const FOLDED: &str = "folded in from a history, else the popular items";

/// The character behind a name.
pub fn of(name: &str) -> Character {
    let name = name.strip_suffix(ADAPTIVE).unwrap_or(name);
    if jobs::is_untrained(name) {
        return character("the agent before its first update", "ratings", FOLDED, NEVER);
    }
    if jobs::agent_name(name).is_some() {
        return agent(name);
    }
    match name {
        "random" => character("a random order", "nothing", "as everyone", "as any item"),
        "popularity" => character("the number of positive ratings", "ratings", SAME, NEVER),
        "popularity_ratings" => character("the number of ratings", "clicks are enough", SAME, NEVER),
        "recent_popularity" => {
            character("positive ratings, old ones count less", "ratings, times", SAME, NEVER)
        }
        "damped_item_mean" => character("the mean rating, shrunk", "ratings", SAME, "the mean of all items"),
        "item_knn" => character("cosine of items, shrunk", "ratings", FOLDED, NEVER),
        "ease" => character("a linear model of items in closed form", "ratings", FOLDED, NEVER),
        "ials" => character("implicit factors by least squares", "ratings", FOLDED, NEVER),
        "bpr" => character("factors trained on pairs of items", "ratings", FOLDED, NEVER),
        "markov" => character("which item follows which", "ratings, times", FOLDED, NEVER),
        "pmf" => character("factors trained on ratings, without biases", "ratings", FOLDED, NEVER),
        "biased_mf" => {
            character("predicted ratings by factors and biases", "ratings", FOLDED, "the mean of all items")
        }
        "svd_plus_plus" => {
            character("the same, with what was rated at all", "ratings", FOLDED, "the mean of all items")
        }
        "co_occurrence" => {
            character("the sum of the history's co-occurrence factors", "ratings", FOLDED, NEVER)
        }
        NO_RL => character("the agent without RL: the user's vector is the action", "ratings", FOLDED, NEVER),
        "reward_model" => {
            character("DRR's networks, supervised: the greatest reward now", "ratings", FOLDED, "as any item")
        }
        "sas_rec" => character("self-attention over the history", "ratings, times", FOLDED, NEVER),
        "gru4rec" => character("a recurrent network over the history", "ratings, times", FOLDED, NEVER),
        "lin_ucb" => character("a linear bandit", "ratings, feedback", "a shared prior", NEVER),
        "hlin_ucb" => {
            character("a bandit with hidden features", "ratings, feedback", "a shared prior", NEVER)
        }
        "oracle" => character("knows the answers: the ceiling", "the test rows", "-", "-"),
        _ => character("", "", "", ""),
    }
}

fn agent(name: &str) -> Character {
    let meaning = match (name.contains("gamma_0"), name.ends_with("_online")) {
        (_, true) => "the agent, learning within the session",
        (true, _) => "the agent's greedy twin, discount 0",
        _ => "the agent",
    };
    character(meaning, "ratings, times", FOLDED, NEVER)
}
