"""Reference values for every metric, from the definitions alone: two passes, explicit loops, np.linalg.pinv.

Written independently of the Swift code. Inputs are rounded to a few decimals and stored next to the results, so both
sides compute from the same numbers. Needs NumPy; run from this folder:

    python3 make_reference.py > reference.json
"""

import json
import math
import sys

import numpy as np

# All matrices of the cases below have a wide gap between the last eigenvalue of their rank and rounding.
RCOND = 1e-11


def cos(a, b):
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def simplex(K):
    return (np.eye(K) - np.ones((K, K)) / K) / math.sqrt(K - 1)


def etf_distance(G, K):
    return float(np.linalg.norm(G / np.linalg.norm(G, "fro") - simplex(K), "fro"))


def equinorm(rows):
    norms = [float(np.linalg.norm(r)) for r in rows]
    mean = sum(norms) / len(norms)
    return math.sqrt(sum((x - mean) ** 2 for x in norms) / len(norms)) / mean


def equiangular(rows):
    K = len(rows)
    terms = [abs(cos(rows[i], rows[j]) + 1 / (K - 1)) for i in range(K) for j in range(K) if i != j]
    return sum(terms) / len(terms)


def class_means(H, y, K):
    return np.array([np.mean([h for h, label in zip(H, y) if label == k], axis=0) for k in range(K)])


def decisions(H, y, mu, mu_G, W, b):
    """ncc_error, nc4_mismatch, margin_min, cosine_margin_min of samples H against the means of the training samples."""
    K, errors, mismatches, margins, cosines = len(mu), 0, 0, [], []
    for h, label in zip(H, y):
        z = W @ h + b
        nearest = int(np.argmin([np.linalg.norm(h - m) for m in mu]))
        errors += nearest != label
        mismatches += int(np.argmax(z)) != nearest
        margins.append(z[label] - max(z[j] for j in range(K) if j != label))
        c = [cos(h - mu_G, W[k]) for k in range(K)]
        cosines.append(c[label] - max(c[j] for j in range(K) if j != label))
    return {
        "ncc_error": float(errors / len(H)),
        "nc4_mismatch": float(mismatches / len(H)),
        "margin_min": float(min(margins)),
        "cosine_margin_min": float(min(cosines)),
    }


def metrics(H, y, K, W, b, weighting):
    N, d = H.shape
    mu = class_means(H, y, K)
    n = [sum(1 for label in y if label == k) for k in range(K)]
    omega = [1 / K] * K if weighting == "class" else [n_k / N for n_k in n]
    mu_G = sum(omega[k] * mu[k] for k in range(K))

    Sigma_W = np.zeros((d, d))
    v = [0.0] * K
    for h, label in zip(H, y):
        Sigma_W += np.outer(h - mu[label], h - mu[label]) / N
        v[label] += float(np.sum((h - mu[label]) ** 2)) / n[label]
    Sigma_B = np.zeros((d, d))
    for k in range(K):
        Sigma_B += omega[k] * np.outer(mu[k] - mu_G, mu[k] - mu_G)

    eigenvalues = np.linalg.eigvalsh(Sigma_B)
    rank_B = int(np.sum(eigenvalues > RCOND * eigenvalues.max()))
    D = float(np.trace(Sigma_W @ np.linalg.pinv(Sigma_B, rcond=RCOND, hermitian=True)))
    # tr(Σ_T⁺ Σ_B) = ‖B A⁺‖_F² for Σ_B = BᵀB and Σ_T = AᵀA: with Σ_T itself, VCI near 0 would keep only nine digits.
    B = np.array([math.sqrt(omega[k]) * (mu[k] - mu_G) for k in range(K)])
    A = np.vstack([B] + [(h - mu[label]) / math.sqrt(N) for h, label in zip(H, y)])
    explained = float(np.linalg.norm(B @ np.linalg.pinv(A, rcond=math.sqrt(RCOND)), "fro") ** 2)
    pairs = [(i, j) for i in range(K) for j in range(K) if i != j]

    M = np.array([mu[k] - mu_G for k in range(K)]).T
    W_centred = W - W.mean(axis=0)
    singular = np.linalg.svd(np.array([h - mu_G for h in H]), compute_uv=False)
    # np.linalg.matrix_rank's own tolerance.
    singular = singular[singular > singular[0] * max(H.shape) * np.finfo(float).eps]
    p = singular / singular.sum()

    return {
        "nc1": D / K,
        "nc1_effective_rank": rank_B,
        "nc1_unscaled": D,
        "nc1_trace_ratio": float(np.trace(Sigma_W) / np.trace(Sigma_B)),
        "cdnv": sum((v[i] + v[j]) / (2 * float(np.sum((mu[i] - mu[j]) ** 2))) for i, j in pairs) / len(pairs),
        "vci": 1 - explained / rank_B,
        "nc2_equinorm_features": equinorm(M.T),
        "nc2_equinorm_classifier": equinorm(W),
        "nc2_equiangular_features": equiangular(M.T),
        "nc2_equiangular_classifier_uncentred": equiangular(W),
        "nc2_equiangular_classifier": equiangular(W_centred),
        "nc2_etf_features": etf_distance(M.T @ M, K),
        "nc2_etf_classifier": etf_distance(W @ W.T, K),
        "nc2_etf_classifier_centred": etf_distance(W_centred @ W_centred.T, K),
        "nc3_duality": etf_distance(W @ M, K),
        "nc3_alignment": float(np.linalg.norm(W.T / np.linalg.norm(W, "fro") - M / np.linalg.norm(M, "fro"), "fro")),
        **decisions(H, y, mu, mu_G, W, b),
        "bias_collapse": float(np.linalg.norm(b + W @ mu_G)),
        "classifier_row_sum": float(np.linalg.norm(W.T @ np.ones(K)) / np.linalg.norm(W, "fro")),
        "stable_rank": float((singular**2).sum() / singular[0] ** 2),
        "effective_rank": float(np.exp(-np.sum(p * np.log(p)))),
    }


def case(name, seed, sizes, d, shift=0.0, bias=True, spread=1.0, means=None, noise=None, aligned=False):
    """Class means (drawn or given) plus noise of deviation `spread` (or given); W random, or near the means."""
    rng = np.random.default_rng(seed)
    K = len(sizes)
    y = [k for k, n in enumerate(sizes) for _ in range(n)]
    rng.shuffle(y)
    mu = rng.normal(size=(K, d)) * 2 if means is None else means
    noise = rng.normal(size=(len(y), d)) * spread if noise is None else noise(y)
    H = np.round(np.array([mu[label] for label in y]) + noise + shift, 3)
    H_test = np.round(mu[[i % K for i in range(3 * K)]] + rng.normal(size=(3 * K, d)) * spread + shift, 3)
    y_test = [i % K for i in range(3 * K)]
    W = np.round((mu if aligned else 0) + rng.normal(size=(K, d)), 3)
    b = np.round(rng.normal(size=K), 3) if bias else np.zeros(K)
    train = class_means(H, y, K)
    expected, expected_test = {}, {}
    for weighting in ["class", "sample"]:
        expected[weighting] = metrics(H, y, K, W, b, weighting)
        omega = [1 / K] * K if weighting == "class" else [n / len(y) for n in sizes]
        mu_G = sum(omega[k] * train[k] for k in range(K))
        expected_test[weighting] = decisions(H_test, y_test, train, mu_G, W, b)
    return {
        "name": name, "classes": K, "dimension": d, "features": H.ravel().tolist(), "labels": [int(k) for k in y],
        "testFeatures": H_test.ravel().tolist(), "testLabels": y_test, "weights": W.ravel().tolist(),
        "bias": b.tolist() if bias else None, "expected": expected, "expectedTest": expected_test,
    }


def low_rank_case():
    """Integer class means of rank 2 for K = 5, noise within 3 of 7 dimensions: Σ_B, Σ_W and Σ_T are singular.

    All rows are multiples of 1/4 and the offsets of a class sum to zero, so that nothing is rounded.
    """
    basis = np.array([[1, 0, 2, -1, 0, 1, 3], [0, 1, -1, 1, 2, 0, 1], [2, 1, 0, 0, 1, -2, 0]], dtype=float)
    coefficients = np.array([[4, 0], [0, 5], [-3, 2], [1, -6], [-2, -1]], dtype=float)
    offsets = np.array([[1, 0, 2], [-1, 1, 0], [0, -2, -1], [0, 1, -1]], dtype=float) @ basis / 4

    def noise(labels):
        # The i-th sample of each class gets the i-th offset.
        return np.array([offsets[labels[:i].count(label)] for i, label in enumerate(labels)])

    return case("low rank", 15, [4] * 5, 7, means=coefficients @ basis[:2], noise=noise)


def main():
    cases = [
        case("balanced", 11, [8, 8, 8], 5, aligned=True),
        case("unbalanced", 12, [5, 9, 3, 12], 7),
        case("fewer dimensions than classes", 13, [6, 4, 7, 5, 8, 6], 3),
        case("fewer samples than dimensions", 14, [2] * 5, 12),
        case("two classes on a line", 16, [7, 4], 1, spread=0.5),
        case("far from the origin", 17, [10] * 10, 16, shift=100, spread=0.3),
        case("no bias, nearly collapsed", 18, [6, 5, 9, 7], 6, bias=False, spread=0.02, aligned=True),
        case("one sample per class but one", 19, [1, 1, 4, 1], 6),
        case("many classes", 20, [3] * 25, 30),
        low_rank_case(),
    ]
    sys.stdout.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


main()
