"""PyTorch on the CPU, one engine of bench/cpu in a process of its own (engine-process.ts says how they talk).

Eval, channels_last, batch norms folded into the convolutions. Three ways of running it, by the spec's `engine`:
torchEager       the modules as they are
torchScript      torch.jit.trace, then optimize_for_inference, which freezes
torchCompile     torch.compile with inductor's freezing
"""
import json
import os
import sys
import time

answers = os.fdopen(3, "w")


def answer(value: dict) -> None:
    print(json.dumps(value), file=answers, flush=True)


try:
    import numpy as np
    import torch
    import torchvision
    from read_safetensors import read_safetensors
    from torch.nn.utils.fusion import fuse_conv_bn_eval
except ImportError as error:
    answer({"missing": str(error)})
    sys.exit(0)


def fold_batch_norms(module: torch.nn.Module) -> None:
    """In ResNets a batch norm follows the convolution whose number it has: conv1 and bn1, downsample.0 and downsample.1."""
    children = dict(module.named_children())
    for name, child in children.items():
        fold_batch_norms(child)
        if not isinstance(child, torch.nn.Conv2d):
            continue
        norm = name.replace("conv", "bn") if name.startswith("conv") else str(int(name) + 1)
        setattr(module, name, fuse_conv_bn_eval(child, children[norm]))
        setattr(module, norm, torch.nn.Identity())


def engine(name: str, network: torch.nn.Module, x: torch.Tensor):
    if name == "torchEager":
        return network
    if name == "torchScript":
        return torch.jit.optimize_for_inference(torch.jit.trace(network, x))
    if name == "torchCompile":
        import torch._inductor.config as inductor

        inductor.freezing = True
        return torch.compile(network)
    raise ValueError(f"{name} is no way of running PyTorch")


@torch.inference_mode()
def main() -> None:
    spec = json.loads(sys.argv[1])
    torch.set_num_threads(spec["threads"])
    torch.set_num_interop_threads(1)
    network = getattr(torchvision.models, spec["model"])(weights=None).eval()
    network.load_state_dict(read_safetensors(spec["weights"]))
    fold_batch_norms(network)
    network = network.to(memory_format=torch.channels_last)
    photos = np.fromfile(spec["photos"], np.float32).reshape(-1, 3, 224, 224)[: spec["batch"]]
    x = torch.from_numpy(photos).contiguous(memory_format=torch.channels_last)
    run = engine(spec["engine"], network, x)
    run(x)  # compiles
    run(x)
    answer({"version": torch.__version__, "threads": torch.get_num_threads()})
    for line in sys.stdin:
        milliseconds = []
        for _ in range(int(line)):
            start = time.perf_counter()
            output = run(x)
            milliseconds.append(1000 * (time.perf_counter() - start))
        answer({"milliseconds": milliseconds, "output": output.flatten().tolist()})


main()
