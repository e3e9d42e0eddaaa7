#!/usr/bin/env python3
"""Every metric of docs/METRICS.md for one set of features in NumPy: the peer of `ncbench`'s metrics.

Two passes over the features, as the definitions read: class means, then everything around them, in float64. Written for
speed where that is one line: BLAS for every product, distances by products. `--spectrum` chooses how the rank columns
get their singular values: `svd` of the centred features, as they are defined, or, faster, as roots of the eigenvalues
of the d x d `scatter`.

    OPENBLAS_NUM_THREADS=1 python3 bench/metrics_numpy.py FEATURES.npz --spectrum scatter

Prints a line `name value` for each metric, then waits for a line on its standard input and answers each with
`seconds S` for one more computation.
"""

import argparse
import math
import sys
import time

import numpy as np


def etf_distance(gram):
    K = len(gram)
    simplex = (np.eye(K) - 1 / K) / math.sqrt(K - 1)
    return np.linalg.norm(gram / np.linalg.norm(gram) - simplex)


def equinorm(rows):
    norms = np.linalg.norm(rows, axis=1)
    return norms.std() / norms.mean()


def equiangular(rows):
    K = len(rows)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    off_diagonal = ~np.eye(K, dtype=bool)
    return np.abs(unit @ unit.T + 1 / (K - 1))[off_diagonal].mean()


def margin_min(scores, y):
    samples = np.arange(len(y))
    own = scores[samples, y]
    others = scores.copy()
    others[samples, y] = -np.inf
    return (own - others.max(axis=1)).min()


def metrics(features, y, W, b, use_svd):
    H = features.astype(np.float64)
    (N, d), K = H.shape, len(W)

    # First pass: means.
    n = np.bincount(y, minlength=K)
    mu = np.stack([H[y == k].mean(axis=0) for k in range(K)])
    mu_G = mu.mean(axis=0)
    M = mu - mu_G

    # Second pass: scatter within classes, decisions.
    deviations = H - mu[y]
    Sigma_W = deviations.T @ deviations / N
    v = np.bincount(y, weights=np.einsum("ij,ij->i", deviations, deviations), minlength=K) / n
    Sigma_B = M.T @ M / K
    Sigma_T = Sigma_W + Sigma_B
    H -= mu_G
    logits = H @ W.T + (W @ mu_G + b)
    distances = (M**2).sum(axis=1) - 2 * H @ M.T
    lengths = np.linalg.norm(H, axis=1, keepdims=True)
    cosines = H @ (W / np.linalg.norm(W, axis=1, keepdims=True)).T / lengths
    if use_svd:
        singular = np.linalg.svd(H, compute_uv=False)
    else:
        # With classes of one size the scatter of all samples is N Sigma_T.
        assert (n == n[0]).all()
        singular = np.sqrt(np.clip(N * np.linalg.eigvalsh(Sigma_T), 0, None))
    p = singular / singular.sum()
    p = p[p > 0]

    D = np.trace(Sigma_W @ np.linalg.pinv(Sigma_B, hermitian=True))
    rank = np.linalg.matrix_rank(Sigma_B, hermitian=True)
    i, j = np.triu_indices(K, 1)
    W_centred = W - W.mean(axis=0)
    return {
        "nc1": D / K,
        "nc1_effective_rank": rank,
        "nc1_unscaled": D,
        "nc1_trace_ratio": np.trace(Sigma_W) / np.trace(Sigma_B),
        "cdnv": ((v[i] + v[j]) / (2 * ((mu[i] - mu[j]) ** 2).sum(axis=1))).mean(),
        "vci": 1 - np.trace(np.linalg.pinv(Sigma_T, hermitian=True) @ Sigma_B) / rank,
        "nc2_equinorm_features": equinorm(M),
        "nc2_equinorm_classifier": equinorm(W),
        "nc2_equiangular_features": equiangular(M),
        "nc2_equiangular_classifier_uncentred": equiangular(W),
        "nc2_equiangular_classifier": equiangular(W_centred),
        "nc2_etf_features": etf_distance(M @ M.T),
        "nc2_etf_classifier": etf_distance(W @ W.T),
        "nc2_etf_classifier_centred": etf_distance(W_centred @ W_centred.T),
        "nc3_duality": etf_distance(W @ M.T),
        "nc3_alignment": np.linalg.norm(W / np.linalg.norm(W) - M / np.linalg.norm(M)),
        "ncc_error": (distances.argmin(axis=1) != y).mean(),
        "nc4_mismatch": (logits.argmax(axis=1) != distances.argmin(axis=1)).mean(),
        "bias_collapse": np.linalg.norm(b + W @ mu_G),
        "classifier_row_sum": np.linalg.norm(W.sum(axis=0)) / np.linalg.norm(W),
        "margin_min": margin_min(logits, y),
        "cosine_margin_min": margin_min(cosines, y),
        "stable_rank": (singular**2).sum() / singular.max() ** 2,
        "effective_rank": math.exp(-(p * np.log(p)).sum()),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--spectrum", choices=["svd", "scatter"], default="svd")
    options = parser.parse_args()
    use_svd = options.spectrum == "svd"
    file = np.load(options.path)
    features, labels = file["features"], file["labels"]
    weight, bias = file["weight"].astype(np.float64), file["bias"].astype(np.float64)
    for name, value in metrics(features, labels, weight, bias, use_svd).items():
        print(name, repr(float(value)))
    print("ready 1", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        metrics(features, labels, weight, bias, use_svd)
        print("seconds", time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
