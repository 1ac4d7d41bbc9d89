"""PyTorch's output for every case of every op. The cases are the kernels' own (src/kernels/*/*.cases.ts), exported by export-cases.ts."""
import json
import subprocess
from pathlib import Path

import torch
import torch.nn.functional as F

from common import ROOT, save
from hash_fill import hash_positive, hash_signed

FILLS = {"signed": hash_signed, "positive": hash_positive}


def conv2d(a, x, w, *more):
    """The epilogue as the graph's passes fuse it: bias, then the residual, then ReLU."""
    more = list(more)
    y = F.conv2d(x, w, more.pop(0) if a["bias"] else None, a["stride"], a["padding"], a["dilation"], a["groups"])
    y = y + more.pop(0) if a["residual"] else y
    return y.relu() if a["relu"] else y


# One line an op: attributes and inputs to the output.
OPS = {
    "conv2d": conv2d,
    "batchNorm": lambda a, x, mean, var, weight, bias: F.batch_norm(x, mean, var, weight, bias, eps=a["eps"]),
    "relu": lambda a, x: x.relu(),
    "sigmoid": lambda a, x: x.sigmoid(),
    "maxPool2d": lambda a, x: F.max_pool2d(x, a["kernel"], a["stride"], a["padding"], a["dilation"], a["ceilMode"]),
    "avgPool2d": lambda a, x: F.avg_pool2d(x, a["kernel"], a["stride"], a["padding"], a["ceilMode"], a["countIncludePad"]),
    "adaptiveAvgPool2d": lambda a, x: F.adaptive_avg_pool2d(x, a["outputSize"]),
    "add": lambda a, x, y: x + y,
    "sub": lambda a, x, y: x - y,
    "mul": lambda a, x, y: x * y,
    "div": lambda a, x, y: x / y,
    "linear": lambda a, x, w, *bias: F.linear(x, w, *bias),
    "matmul": lambda a, x, y: x @ y,
    "flatten": lambda a, x: x.flatten(a["startDim"], a["endDim"]),
    "reshape": lambda a, x: x.reshape(a["shape"]),
    "softmax": lambda a, x: x.softmax(a["dim"]),
    "mean": lambda a, x: x.mean(a["dims"], a["keepDim"]),
}


def export_cases() -> dict:
    """The table's cases of today, by the project's own Node."""
    node = ROOT / "node_modules" / ".bin" / "node"
    done = subprocess.run([node, "--conditions=source", "tools/golden/export-cases.ts"], cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


@torch.inference_mode()
def make(outdir: Path) -> None:
    """Writes ops.cases.json and ops.safetensors (`<op>/<case>`)."""
    cases, outputs = export_cases(), {}
    for op, of_op in cases.items():
        if op not in OPS:
            raise ValueError(f"ops.py: no line for {op}; add PyTorch's function to OPS")
        for case in of_op:
            key = f"{op}/{case['name']}"
            inputs = [torch.from_numpy(FILLS[i["fill"]](f"{key}/{k}", i["shape"], i["scale"])) for k, i in enumerate(case["inputs"])]
            if key in outputs:
                raise ValueError(f"{key}: two cases of this name")
            try:
                outputs[key] = OPS[op](case["attrs"], *inputs)
            except Exception as error:
                raise ValueError(f"{key} {case['attrs']} {[i['shape'] for i in case['inputs']]}: PyTorch refuses it: {error}") from error
    save(outdir / "ops.safetensors", outputs)
    lines = ",\n".join(f'"{op}": [\n' + ",\n".join(json.dumps(case) for case in of_op) + "]" for op, of_op in cases.items())
    (outdir / "ops.cases.json").write_text("{" + lines + "}\n")
