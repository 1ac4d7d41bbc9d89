"""torchvision's names for ten networks: what get_graph_node_names calls the nodes, and the state dict's keys with their shapes."""
import json
from pathlib import Path

import torchvision
from torchvision.models.feature_extraction import get_graph_node_names

ARCHITECTURES = ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d",
                 "wide_resnet50_2", "wide_resnet101_2"]


def make(outdir: Path) -> None:
    """Writes node-names.json: `{ arch: { nodes: [...], tensors: { key: shape } } }`, one line a list."""
    lines = []
    for arch in ARCHITECTURES:
        net = torchvision.models.get_model(arch, weights=None).eval()
        _, nodes = get_graph_node_names(net)
        tensors = {key: list(t.shape) for key, t in net.state_dict().items()}
        compact = [json.dumps(part, separators=(",", ":")) for part in (nodes, tensors)]
        lines.append(f'"{arch}": {{\n "nodes": {compact[0]},\n "tensors": {compact[1]}}}')
    (outdir / "node-names.json").write_text("{" + ",\n".join(lines) + "}\n")
