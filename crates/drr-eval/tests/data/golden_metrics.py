"""Golden values of all metrics, computed independently of this project's code.

How to run (writes golden_metrics.json beside this file; the seed is fixed, so it writes the same numbers again):

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install ranx==0.3.21 numpy==2.4.6 scipy==1.17.1
    /tmp/golden/bin/python golden_metrics.py

Who computes what:

- precision, recall, hit_rate, mrr, ndcg: ranx, whose definitions agree with ours (precision divides by k even if the
  list is shorter; the ideal of ndcg has min(k, R) hits).
- map: ranx's "map@k" divides by R, ours by min(k, R), so ranx's value is multiplied by R / min(k, R).
- ndcg_star: ranx's "ndcg_burges@k" (gain 2^rating - 1) with the judgements reduced to the first k items of the list. ranx
  takes whole stars only, so for half stars the value is NumPy's.
- ndcg_constant_ideal, coverage, gini, popularity, novelty: NumPy. Gini is the mean absolute difference over twice the mean.
- diversity: scipy.spatial.distance.pdist ("jaccard", "cosine"). calibration: scipy.stats.entropy of the smoothed pair.
- Session metrics: NumPy.

ranx cannot judge a user without relevant items; such a user has 0 everywhere (docs/evaluation.md). All values that ranx
gives are also computed with NumPy, and the script stops where both differ by more than 1e-12.
"""

import json
import pathlib

import numpy as np
from ranx import Qrels, Run, evaluate
from scipy.spatial.distance import pdist
from scipy.stats import entropy

KS = [1, 3, 5, 10, 20]
N_CASES = 60
N_ITEMS = 40
N_GENRES = 9
DIM = 6
N_TRAIN_USERS = 64
DISCOUNT = 0.9
POSITIVE = 4.0


def by_numpy(case, k):
    """All list metrics of one case at k, from their formulas."""
    hit = np.isin(case["list"][:k], case["relevant"]).astype(float)
    n_relevant = len(case["relevant"])
    weights = 1 / np.log2(np.arange(2, k + 2))
    dcg = (hit * weights[: len(hit)]).sum()
    ratings = dict(case["ratings"])
    gains = np.array([2.0 ** ratings[item] - 1 if item in ratings else 0.0 for item in case["list"][:k]])
    best = (np.sort(gains)[::-1] * weights[: len(gains)]).sum()
    ranks = np.flatnonzero(hit)
    at_ranks = np.cumsum(hit) / np.arange(1, len(hit) + 1)
    some = n_relevant > 0
    return {
        "precision": hit.sum() / k,
        "recall": hit.sum() / n_relevant if some else 0.0,
        "ndcg": dcg / weights[: min(k, n_relevant)].sum() if some else 0.0,
        "ndcg_constant_ideal": dcg / weights.sum(),
        "hit_rate": float(hit.any()),
        "map": (at_ranks * hit).sum() / min(k, n_relevant) if some else 0.0,
        "mrr": 1 / (ranks[0] + 1) if len(ranks) else 0.0,
        "ndcg_star": (gains * weights[: len(gains)]).sum() / best if best > 0 else 0.0,
    }


def by_ranx(case, k):
    """The list metrics of one case at k that ranx has, scaled to our definitions."""
    run = Run({"u": {str(item): 100.0 - rank for rank, item in enumerate(case["list"])}})
    found = {}
    n_relevant = len(case["relevant"])
    if n_relevant > 0:
        qrels = Qrels({"u": {str(item): 1 for item in case["relevant"]}})
        names = ["precision", "recall", "ndcg", "hit_rate", "map", "mrr"]
        values = evaluate(qrels, run, [f"{name}@{k}" for name in names])
        found = {name: float(values[f"{name}@{k}"]) for name in names}
        found["map"] *= n_relevant / min(k, n_relevant)
    ratings = dict(case["ratings"])
    judged = {str(item): ratings[item] for item in case["list"][:k] if ratings.get(item, 0) > 0}
    if judged and all(rating == int(rating) for rating in judged.values()):
        qrels = Qrels({"u": {item: int(rating) for item, rating in judged.items()}})
        found["ndcg_star"] = float(evaluate(qrels, run, f"ndcg_burges@{k}"))
    return found


def random_case(random, index):
    """A list of 1 to 20 items, up to 15 relevant ones, graded ratings, a history and a session."""
    items = random.permutation(N_ITEMS).tolist()
    n_list = int(random.integers(1, 21))
    step = 0.5 if index % 4 == 3 else 1.0
    n_relevant = 0 if index % 10 == 9 else int(random.integers(1, 16))
    relevant = sorted(random.permutation(N_ITEMS)[:n_relevant].tolist())
    others = [item for item in random.permutation(N_ITEMS)[:12].tolist() if item not in relevant]
    stars = lambda low, high: float(random.integers(round(low / step), round(high / step) + 1) * step)
    ratings = [[item, stars(POSITIVE, 5.0)] for item in relevant] + [[item, stars(1.0, POSITIVE - step)] for item in others]
    n_steps = int(random.integers(0, 12))
    return {
        "list": items[:n_list],
        "relevant": relevant,
        "ratings": sorted(ratings),
        "history": items[20 : 20 + int(random.integers(0, 10))],
        "rewards": (random.integers(-8, 9, n_steps) / 8).tolist(),
    }


def session_metrics(rewards):
    """The metrics of one session; a positive is a reward above 0, null is undefined."""
    rewards = np.array(rewards)
    return {
        "hits": float((rewards > 0).sum()),
        "discounted_return": float((rewards * DISCOUNT ** np.arange(len(rewards))).sum()),
        "total_reward": float(rewards.sum()),
        "mean_reward": float(rewards.mean()) if len(rewards) else None,
    }


def genre_share(items, genres):
    """The mean of the items' genre distributions; None if no item has a genre."""
    rows = genres[items] if len(items) else np.zeros((0, N_GENRES))
    rows = rows[rows.sum(axis=1) > 0]
    return (rows / rows.sum(axis=1, keepdims=True)).mean(axis=0) if len(rows) else None


def list_measures(cases, features, k):
    """Measures beyond accuracy: means over the users for whom they are defined; null if there is none."""
    share, genres, vectors = features["share"], features["genres"], features["vectors"]
    floor = share[share > 0].min() / 2
    columns = {name: [] for name in ["average_popularity", "novelty", "intra_list_diversity_genre"]}
    columns |= {"intra_list_diversity_embedding": [], "calibration_genre": []}
    for case in cases:
        items = np.array(case["list"][:k])
        columns["average_popularity"].append(share[items].mean())
        columns["novelty"].append(-np.log2(np.where(share[items] > 0, share[items], floor)).mean())
        with_genres = genres[items][genres[items].sum(axis=1) > 0].astype(bool)
        if len(with_genres) > 1:
            columns["intra_list_diversity_genre"].append(pdist(with_genres, "jaccard").mean())
        with_vector = vectors[items][np.abs(vectors[items]).sum(axis=1) > 0]
        if len(with_vector) > 1:
            columns["intra_list_diversity_embedding"].append(pdist(with_vector, "cosine").mean())
        p, q = genre_share(case["history"], genres), genre_share(items, genres)
        if p is not None and q is not None:
            columns["calibration_genre"].append(entropy(p, 0.99 * q + 0.01 * p))
    return {name: float(np.mean(values)) if values else None for name, values in columns.items()}


def diversity(cases, catalogue, k):
    """Coverage of the catalogue and Gini of its exposure."""
    exposed = np.concatenate([case["list"][:k] for case in cases])
    counts = np.array([(exposed == item).sum() for item in catalogue], dtype=float)
    if counts.sum() == 0:
        return {"coverage": 0.0, "gini": 0.0}
    differences = np.abs(counts[:, None] - counts[None, :]).mean()
    return {"coverage": float((counts > 0).mean()), "gini": float(differences / (2 * counts.mean()))}


def main():
    random = np.random.default_rng(20180816)
    genres = (random.random((N_ITEMS, N_GENRES)) < 0.25).astype(float)
    genres[[3, 17]] = 0  # two items without genres
    vectors = random.integers(-32, 33, (N_ITEMS, DIM)) / 16  # exact in single precision
    vectors[[5, 23]] = 0  # two items without a vector
    share = random.integers(1, N_TRAIN_USERS + 1, N_ITEMS) / N_TRAIN_USERS
    share[[7, 31]] = 0  # two items that nobody rated
    features = {"share": share, "genres": genres, "vectors": vectors}
    cases = [random_case(random, index) for index in range(N_CASES)]
    for case in cases:
        case["expected"] = {}
        for k in KS:
            values, others = by_numpy(case, k), by_ranx(case, k)
            for name, value in others.items():
                assert abs(values[name] - value) < 1e-12, (case, k, name, values[name], value)
            case["expected"][str(k)] = {name: float(value) for name, value in (values | others).items()}
        case["session"] = session_metrics(case["rewards"])
    catalogue = [item for item in range(N_ITEMS) if item % 8 != 6]
    groups = [[index] for index in range(N_CASES)] + [list(range(start, start + 20)) for start in (0, 20, 40)]
    groups.append(list(range(N_CASES)))
    golden = {
        "n_genres": N_GENRES,
        "dim": DIM,
        "discount": DISCOUNT,
        "popularity_share": share.tolist(),
        "genres": [np.flatnonzero(row).tolist() for row in genres],
        "vectors": vectors.ravel().tolist(),
        "catalogue": catalogue,
        "cases": cases,
        "groups": [
            {
                "cases": group,
                "k": k,
                "measures": list_measures([cases[index] for index in group], features, k),
                "diversity": diversity([cases[index] for index in group], catalogue, k),
            }
            for group in groups
            for k in (1, 5, 10)
        ],
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(golden, separators=(",", ":")).replace('{"list"', '\n{"list"').replace('{"cases":[', '\n{"cases":[') + "\n")


if __name__ == "__main__":
    main()
