"""What scikit-learn says of the numbers that `residual probe` gives.

check_probe.py FEATURES.npy RESULT.json: FEATURES is `residual features FOLDER --recursive -o FEATURES.npy`, RESULT what
`residual probe FEATURES.npy --json` printed. Ends with an error where the accuracy differs by more than 1 %.

check_probe.py: prints the numbers that src/inspect/probe.test.ts holds, of vectors that both sides make.
"""
import json
import sys
from pathlib import Path

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score


def made_up():
    sys.path.insert(0, str(Path(__file__).parent / "golden"))
    from hash_fill import hash_signed

    labels = np.array([[0, 0, 1, 2, 1][i % 5] for i in range(91)])
    vectors = hash_signed("probe", (91, 6))
    vectors[np.arange(91), labels] += np.float32(0.75)
    return vectors, labels


def folds(vectors, labels):
    return cross_val_score(LogisticRegression(max_iter=1000), vectors, labels, cv=StratifiedKFold(5))


if len(sys.argv) == 1:
    vectors, labels = made_up()
    print("scikit-learn", sklearn.__version__)
    print("folds", folds(vectors, labels).tolist())
    split = [test.tolist() for _, test in StratifiedKFold(4).split(vectors, labels)]
    print("StratifiedKFold(4)", [next(k for k, test in enumerate(split) if i in test) for i in range(91)])
    model = LogisticRegression(tol=1e-9, max_iter=10000).fit(vectors.astype(np.float64), labels)
    print("coefficients", model.coef_.round(6).tolist(), model.intercept_.round(6).tolist())
else:
    vectors = np.load(sys.argv[1])
    rows = json.loads(Path(sys.argv[1]).with_suffix(".paths.json").read_text())
    good = ["error" not in row for row in rows]
    labels = [Path(row["image_path"]).parent.name for row in rows]
    theirs = folds(vectors[good], np.array(labels)[good])
    ours = json.loads(Path(sys.argv[2]).read_text())["folds"]
    print("residual    ", np.mean(ours), ours)
    print("scikit-learn", theirs.mean(), theirs.tolist())
    assert abs(np.mean(ours) - theirs.mean()) <= 0.01, "they differ by more than 1 %"
