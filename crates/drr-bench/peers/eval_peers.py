"""Fits the Python peers of `cargo xtask bench eval` once and prints `name seconds` lines.

Usage: python eval_peers.py PAIRS N_USERS N_ITEMS, where PAIRS is a file of little-endian pairs of uint32 (user, item).
Needs numpy and scipy; implicit (https://github.com/benfred/implicit) for all but EASE: `pip install numpy scipy implicit`.
"""

import sys
import time

import numpy as np
import scipy.sparse as sp


def timed(name, work):
    begun = time.perf_counter()
    work()
    print(name, time.perf_counter() - begun, flush=True)


def ease(likes, lam=3000.0):
    gram = (likes.T @ likes).toarray().astype(np.float32)
    gram[np.diag_indices_from(gram)] += lam
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return weights


def main():
    path, n_users, n_items = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    pairs = np.fromfile(path, dtype="<u4").reshape(-1, 2)
    likes = sp.csr_matrix((np.ones(len(pairs), np.float32), (pairs[:, 0], pairs[:, 1])), shape=(n_users, n_items))
    likes.data[:] = 1.0
    timed("ease", lambda: ease(likes))
    try:
        from implicit.als import AlternatingLeastSquares
        from implicit.bpr import BayesianPersonalizedRanking
        from implicit.nearest_neighbours import CosineRecommender
    except ImportError:
        return
    als = dict(factors=64, regularization=50.0, alpha=3.0, iterations=15)
    timed("ials", lambda: AlternatingLeastSquares(**als).fit(likes, show_progress=False))
    bpr = dict(factors=64, learning_rate=0.05, regularization=0.01, iterations=40)
    timed("bpr", lambda: BayesianPersonalizedRanking(**bpr).fit(likes, show_progress=False))
    timed("item_knn", lambda: CosineRecommender(K=n_items).fit(likes, show_progress=False))


if __name__ == "__main__":
    main()
