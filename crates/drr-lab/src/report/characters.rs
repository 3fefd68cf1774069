//! What the names in a report stand for, and what each kind of recommender is like.

use crate::judge::contestants::NO_RL;
use crate::judge::figures::RunMetrics;
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
        let known = it.id.as_ref().map_or_else(|| of(name), |id| learner(metrics, id));
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

/// What a recommender is, what it needs, and whom it can serve without being trained anew.
struct Character {
    /// In a few words.
    meaning: &'static str,
    /// What it reads of a log.
    needs: &'static str,
    /// How it treats a user who is in no training data.
    new_users: &'static str,
    /// How it treats an item that nobody has rated.
    new_items: &'static str,
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

/// The character behind the name of a recommender without RL.
fn of(name: &str) -> Character {
    let name = name.strip_suffix(Mode::Adaptive.suffix()).unwrap_or(name);
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

fn learner(metrics: &RunMetrics, id: &LearnerId) -> Character {
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
            name if metrics.is_main(name) => "the agent",
            _ => "another agent",
        },
    };
    let needs = if id.form == Form::Untrained { "ratings" } else { "ratings, times" };
    character(meaning, needs, FOLDED, NEVER)
}
