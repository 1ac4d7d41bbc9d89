"""Names and files of other libraries, for the maps in src/model/names: what transformers, timm and torch's two ONNX exporters call a ResNet's tensors.

Which tensor is which is found here without looking at names: by the order in which modules run (transformers, timm), and by comparing numbers
(ONNX, folded in float64). `export_onnx` and the builders also make the full-size files of tools/exports, which are checked by their vectors.
"""
import gzip
import io
import json
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from safetensors.torch import load_file
from torch import nn

from common import GOLDEN, SCENES, prepared, save
from hash_fill import fill_parameter
from networks import Tiny, build, calibrate

# torch.onnx.export's arguments, by the name of the variant. `dynamo=False` is the exporter of torch 1 to 2.8, by TorchScript.
VARIANTS = {
    "torchscript": dict(dynamo=False),
    "torchscript-unfolded": dict(dynamo=False, do_constant_folding=False),
    "torchscript-opset9": dict(dynamo=False, opset_version=9),
    "torchscript-training": dict(dynamo=False, do_constant_folding=False, training=torch.onnx.TrainingMode.TRAINING),
    "dynamo": dict(dynamo=True, external_data=True),
    "dynamo-one-file": dict(dynamo=True, external_data=False),
    "dynamo-unoptimized": dict(dynamo=True, external_data=False, optimize=False),
}
# Graphs that are committed, without their numbers.
GRAPHS = [("resnet18", v) for v in VARIANTS if v != "dynamo-one-file"] + [("resnet50", "torchscript"), ("resnet50", "dynamo")]


def golden_network(arch: str) -> nn.Module:
    """torchvision's network with the goldens' weights and statistics."""
    net = build(arch)
    _, unexpected = net.load_state_dict(load_file(GOLDEN / "networks" / f"{arch}.bn.safetensors"), strict=False)
    assert not unexpected
    return net.eval()


def transformers_network(arch: str, whole: bool = True) -> nn.Module:
    """microsoft/resnet-18's and -50's architecture; without its classifier unless `whole`."""
    import transformers

    deep = dict(layer_type="bottleneck", depths=[3, 4, 6, 3])  # ResNetConfig's own
    flat = dict(layer_type="basic", depths=[2, 2, 2, 2], hidden_sizes=[64, 128, 256, 512])
    config = transformers.ResNetConfig(**(deep if arch == "resnet50" else flat), num_labels=1000)
    kind = transformers.ResNetForImageClassification if whole else transformers.ResNetModel
    return kind(config).eval()


def timm_network(arch: str) -> nn.Module:
    import timm

    return timm.create_model({"resnet50": "resnet50.a1_in1k", "resnet18": "resnet18.tv_in1k"}[arch], pretrained=False).eval()


@torch.inference_mode()
def running_order(net: nn.Module) -> list[tuple[str, nn.Module]]:
    """Convolutions, batch norms and linear layers in the order in which they run."""
    ran, hooks = [], []
    for name, module in net.named_modules():
        if isinstance(module, (nn.Conv2d, nn.BatchNorm2d, nn.Linear)):
            hooks.append(module.register_forward_hook(lambda m, *_, name=name: ran.append((name, m))))
    net(torch.zeros(1, 3, 64, 64))
    for hook in hooks:
        hook.remove()
    return ran


def match(net: nn.Module, arch: str) -> dict[str, str]:
    """Gives `net` the goldens' weights by running order; its names → torchvision's."""
    names, golden, own = {}, golden_network(arch), running_order(net)
    for (name, module), (theirs, source) in zip(own, running_order(golden), strict=False):
        assert type(module).__name__.startswith(type(source).__name__[:6]), (name, theirs)
        module.load_state_dict(source.state_dict())
        names |= {f"{name}.{key}": f"{theirs}.{key}" for key in source.state_dict()}
    assert set(names) == set(net.state_dict()), set(names) ^ set(net.state_dict())
    return names


@torch.inference_mode()
def vector(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """The pooled vector, by the library's own way to it."""
    if hasattr(net, "forward_head"):  # timm
        return net.forward_head(net.forward_features(x), pre_logits=True)[0]
    if hasattr(net, "config"):  # transformers
        return getattr(net, "resnet", net)(pixel_values=x).pooler_output.flatten()
    head, net.fc = net.fc, nn.Identity()
    try:
        return net(x)[0]
    finally:
        net.fc = head


def export_onnx(net: nn.Module, path: Path, side: int = 224, **arguments) -> None:
    net.train("training" in arguments)
    state = {k: v.clone() for k, v in net.state_dict().items()}
    more = dict(verbose=False) if arguments["dynamo"] else {}
    with warnings.catch_warnings(action="ignore"):
        torch.onnx.export(net, (torch.zeros(1, 3, side, side),), path, **arguments, **more)
    net.load_state_dict(state)  # tracing in training mode moves the statistics
    net.eval()


def folded(net: nn.Module) -> dict[str, np.ndarray]:
    """The state dict, and beside it each convolution's weight and bias with its norm folded in."""
    state = {k: v.double().numpy() for k, v in net.state_dict().items()}
    out = dict(state)
    ran = running_order(net)
    for (conv, m), (norm, n) in zip(ran, ran[1:]):
        if isinstance(m, nn.Conv2d) and isinstance(n, nn.BatchNorm2d):
            scale = state[f"{norm}.weight"] / np.sqrt(state[f"{norm}.running_var"] + n.eps)
            out[f"folded {conv}.weight"] = state[f"{conv}.weight"] * scale[:, None, None, None]
            out[f"folded {conv}.bias"] = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
    return out


def tensors_by_value(path: Path, net: nn.Module) -> dict[str, str]:
    """torchvision's name → the initialiser that holds it (or its folded form). Names shared by equal tensors are fine: both lists have them."""
    model, known, found = onnx.load(path), folded(net), {}
    for tensor in model.graph.initializer:
        array = onnx.numpy_helper.to_array(tensor).astype(np.float64)
        for name, value in known.items():
            if array.shape == value.shape and name.split(".")[-1] != "num_batches_tracked":
                if np.abs(array - value).max() <= 1e-5 * max(1e-30, np.abs(value).max()):
                    assert name not in found, f"{name}: {found.get(name)} and {tensor.name}"
                    found[name] = tensor.name
    kinds = {name.startswith("folded ") for name in found if not name.removeprefix("folded ").startswith("fc.")}
    assert len(kinds) == 1, "partly folded"
    return {name.removeprefix("folded "): value for name, value in found.items()}


def without_traces(path: Path) -> onnx.ModelProto:
    """The model without the stack traces that the dynamo exporter writes beside each node: they have paths of the machine."""
    model = onnx.load(path)
    for node in model.graph.node:
        kept = [entry for entry in node.metadata_props if "/" not in entry.value and "stack" not in entry.key]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    return model


def graph_only(path: Path) -> bytes:
    """The model with every larger tensor in a file beside it that is not there: gzip of a graph."""
    model = without_traces(path)
    onnx.external_data_helper.convert_model_to_external_data(model, True, "weights.bin", size_threshold=64)
    with tempfile.TemporaryDirectory() as folder:
        onnx.save_model(model, Path(folder) / "graph.onnx")
        return packed((Path(folder) / "graph.onnx").read_bytes())


def packed(data: bytes) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0, compresslevel=9) as file:
        file.write(data)
    return out.getvalue()


def sparse_tiny() -> Tiny:
    """tiny with hashed weights of which one in sixteen is not zero, so that whole files pack to a few hundred kilobytes."""
    net = Tiny().eval()
    with torch.no_grad():
        for name, p in net.named_parameters():
            values = torch.from_numpy(fill_parameter("sparse tiny", name, tuple(p.shape), ".bn2"))
            if p.ndim > 1:
                keep = (torch.arange(values.numel()) * 11 % 16 == 0).reshape(values.shape)
                values = values * keep * 4
            p.copy_(values)
    calibrate(net)
    return net


def small() -> nn.Module:
    """No ResNet, and a few hundred bytes: files to be damaged."""
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2)).eval()


def typed() -> onnx.ModelProto:
    """A model with a tensor in each field that may hold numbers, written by onnx."""
    kinds = {"FLOAT": [0.5, -4.0], "DOUBLE": [0.1, -1e300], "INT32": [-1, 2**31 - 1], "INT64": [-7, 2**52], "UINT64": [7, 2**52],
             "FLOAT16": [1.0, -2.5], "BFLOAT16": [1.0, -2.5], "INT8": [-128, 127], "BOOL": [1, 0], "UINT32": [0, 2**32 - 1]}
    tensors = [onnx.helper.make_tensor(kind, getattr(onnx.TensorProto, kind), [2], values) for kind, values in kinds.items()]
    nodes = [onnx.helper.make_node("Identity", [kind], [f"{kind} out"], axes=[1, 2], epsilon=0.5) for kind in kinds]
    return onnx.helper.make_model(onnx.helper.make_graph(nodes, "typed", [], [], tensors))


def make(outdir: Path) -> None:
    """Writes exports/names.json, exports/<arch>.<variant>.onnx.gz with exports/onnx.json, and tiny.<variant>.onnx.gz with tiny.safetensors."""
    folder = outdir / "exports"
    folder.mkdir(parents=True, exist_ok=True)
    names = {}
    for arch in ("resnet18", "resnet50"):
        for library, net in [("transformers", transformers_network(arch)), ("transformers model", transformers_network(arch, False)),
                             ("timm", timm_network(arch))]:
            table = match(net, arch)
            expected = load_file(GOLDEN / "networks" / f"{arch}.safetensors")[f"{SCENES[0]}/avgpool"]
            error = float((vector(net, prepared(SCENES[0])) - expected).abs().max() / expected.abs().max())
            assert error < 1e-5, (arch, library, error)
            shapes = net.state_dict()
            names[f"{arch} {library}"] = {name: [theirs, list(shapes[name].shape)] for name, theirs in table.items()}
    lines = [f"{json.dumps(key)}: {json.dumps(table, separators=(',', ':'))}" for key, table in names.items()]
    (folder / "names.json").write_text("{" + ",\n".join(lines) + "}\n")

    graphs = {}
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "model.onnx"
        for arch, variant in GRAPHS:
            net = golden_network(arch)
            export_onnx(net, path, **VARIANTS[variant])
            state = net if "training" not in variant else trained_as_exported(net, path)
            graphs[f"{arch}.{variant}"] = tensors_by_value(path, state)
            (folder / f"{arch}.{variant}.onnx.gz").write_bytes(graph_only(path))
        lines = [f"{json.dumps(key)}: {json.dumps(table, separators=(',', ':'))}" for key, table in graphs.items()]
        (folder / "onnx.json").write_text("{" + ",\n".join(lines) + "}\n")
        tiny, out = sparse_tiny(), {}
        for variant in ("torchscript", "dynamo-one-file"):
            export_onnx(tiny, path, 64, **VARIANTS[variant])
            (folder / f"tiny.{variant}.onnx.gz").write_bytes(packed(without_traces(path).SerializeToString(deterministic=True)))
        for variant in ("torchscript", "dynamo-one-file"):
            export_onnx(small(), path, 8, **VARIANTS[variant])
            (folder / f"small.{variant}.onnx").write_bytes(without_traces(path).SerializeToString(deterministic=True))
        shards = {"long": "unaligned.safetensors", "bytes": "unaligned.safetensors", "float": "unaligned.safetensors"}  # of the part weights
        (folder / "small.index.json").write_text(json.dumps({"metadata": {"total_size": 15}, "weight_map": shards}) + "\n")
        (folder / "small.typed.onnx").write_bytes(typed().SerializeToString(deterministic=True))
        for photo in SCENES[:2]:
            out[photo] = vector(tiny, prepared(photo, 64))
        save(folder / "tiny.safetensors", out)


def trained_as_exported(net: nn.Module, path: Path) -> nn.Module:
    """Tracing in training mode runs the network once, which moves the statistics that are exported."""
    for tensor in onnx.load(path).graph.initializer:
        if "running_" in tensor.name:
            module, key = tensor.name.rsplit(".", 1)
            getattr(net.get_submodule(module), key).copy_(torch.from_numpy(onnx.numpy_helper.to_array(tensor).copy()))
    return net
