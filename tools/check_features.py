"""Reads what `residual features` wrote with Python's own libraries, and looks at every row.

check_features.py FORMAT OUTPUT NAMES REFERENCE: NAMES is {"names", "pictures", "badEvery"} of check-resume.ts, REFERENCE a
jsonl file with the vector of each picture. Ends with an error where a row is lost, doubled, moved or has another vector.
"""
import csv
import json
import sys
from pathlib import Path

import numpy as np

form, output, names_file, reference_file = sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4]
run = json.loads(Path(names_file).read_text())
names = run["names"]
bad = np.arange(len(names)) % run["badEvery"] == run["badEvery"] - 1
reference = [json.loads(line)["feature_vector"] for line in Path(reference_file).read_text().splitlines()]
expected = np.array(reference)[np.arange(len(names)) % run["pictures"]]
expected[bad] = np.nan
width = expected.shape[1]
nothing = [np.nan] * width


def of_json(rows):
    vectors = np.array([row.get("feature_vector", nothing) for row in rows])
    return [row["image_path"] for row in rows], vectors, np.array(["error" in row for row in rows])


def beside(path):
    rows = json.loads(path.with_suffix(".paths.json").read_text())
    return [row["image_path"] for row in rows], np.array(["error" in row for row in rows])


if form == "jsonl":
    with output.open() as lines:
        paths, vectors, failed = of_json([json.loads(line) for line in lines])
elif form == "json":
    paths, vectors, failed = of_json(json.loads(output.read_text()))
elif form == "csv":
    with output.open(newline="") as lines:
        rows = csv.reader(lines)
        header = next(rows)
        assert header[:3] == ["image_path", "error_code", "error_message"] and len(header) == 3 + width
        table = list(rows)
    paths, failed = [row[0] for row in table], np.array([row[1] != "" for row in table])
    vectors = np.array([[float(value) for value in row[3:]] or nothing for row in table])
elif form == "npy":
    vectors = np.load(output).astype(np.float64)
    paths, failed = beside(output)
elif form == "safetensors":
    from safetensors.numpy import load_file

    vectors = load_file(output)["features"].astype(np.float64)
    paths, failed = beside(output)
elif form == "parquet":
    import pyarrow.parquet as pq

    table = pq.read_table(output)
    paths = table["image_path"].to_pylist()
    failed = np.array([code is not None for code in table["error_code"].to_pylist()])
    vectors = np.array([vector or nothing for vector in table["feature_vector"].to_pylist()])
elif form == "clip-retrieval":
    import pyarrow.parquet as pq

    errors = [json.loads(line)["image_path"] for line in (output / "errors.jsonl").read_text().splitlines()]
    assert errors == [name for name, is_bad in zip(names, bad) if is_bad], "errors.jsonl has other images"
    paths = pq.read_table(output / "metadata/metadata_0.parquet")["image_path"].to_pylist()
    vectors = np.load(output / "img_emb/img_emb_0.npy").astype(np.float64)
    names, expected, bad = [name for name, is_bad in zip(names, bad) if not is_bad], expected[~bad], bad[~bad]
    failed = np.zeros(len(paths), bool)
else:
    sys.exit(f"no reader of {form}")

assert len(paths) == len(names), f"{len(paths)} rows, {len(names)} images"
wrong = next((i for i, (path, name) in enumerate(zip(paths, names)) if path != name), None)
assert wrong is None, f"row {wrong} is {paths[wrong]}, and should be {names[wrong]}"
assert np.array_equal(failed, bad), "other images failed"
assert np.array_equal(vectors, expected, equal_nan=True), "a row has another vector"
print(f"{len(paths)} rows read back, each its own")
