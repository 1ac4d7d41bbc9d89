"""PyTorch's own files for the tests of src/weights/torch: written by torch.save in all its containers, with the tensors' bytes beside each.

`make(outdir)` writes outdir/torch/NAME.pth and NAME.safetensors, whose names are those that our reader gives (dots between levels). Three are
written by hand: zip64.pth, an archive whose every number stands in zip64's fields; tar.pth, PyTorch 0.1's container, which only legacy torch wrote
and today's torch.load still reads (asserted); and python2.pth, a legacy stream as Python 2 pickled it.
"""
import io
import pickle
import struct
import tarfile
import zipfile
from collections import Counter, OrderedDict, defaultdict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from weights import dtypes


def numbers(*shape: int, dtype: torch.dtype = torch.float32, start: int = 1) -> torch.Tensor:
    count = int(np.prod(shape)) if shape else 1
    return torch.arange(start, start + count, dtype=torch.float64).reshape(shape).to(dtype)


def views() -> dict[str, torch.Tensor]:
    """Every way to lie in a storage."""
    base = numbers(4, 6)
    return {
        "whole": base,
        "transposed": base.t(),
        "columns": base[:, 1::2],
        "row": base[2],
        "last": base[3, 5],
        "permuted": numbers(2, 3, 4, start=100).permute(2, 0, 1),
        "expanded": numbers(3, 1).expand(3, 5),
        "expanded scalar": torch.tensor(7.0).expand(2, 2),
        "channels last": numbers(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "bytes by column": numbers(3, 4, dtype=torch.uint8).t(),
        "halves by column": numbers(3, 4, dtype=torch.bfloat16).t(),
        "doubles by column": numbers(3, 4, dtype=torch.float64).t(),
        "pairs of rows": numbers(6, 4)[::2],
        "no rows": base[4:],
    }


def odd_names() -> dict[str, torch.Tensor]:
    names = ["__proto__", "constructor", "", "10", 'a "quoted\\" name\n', "слой.вес", "层.权重", "🦊"]
    odd = {name: torch.tensor(float(i)) for i, name in enumerate(names)}
    return odd | {"none": torch.empty(0), "no rows": torch.empty(3, 0, 5), "scalar long": torch.tensor(-3)}


def checkpoint() -> tuple[dict, dict[str, torch.Tensor], dict[str, str]]:
    """What a training script saves: the network's and the optimizer's state, and things around. With what it flattens to."""
    torch.manual_seed(11)
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, bias=False), torch.nn.BatchNorm2d(4))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    net(torch.randn(2, 3, 5, 5)).square().sum().backward()
    optimizer.step()
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [3, 3, 5])
    saved = {
        "epoch": 12,
        "state_dict": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": {k: v for k, v in scheduler.state_dict().items() if not k.startswith("_")},
        "best": np.float64(0.75),
        "classes": ["cat", "Hund", "лиса"],
        "class_to_idx": {"cat": 0, "Hund": 1},
        "mean": [0.485, 0.456, 0.406],
        "device": torch.device("cuda:0"),
        "size": torch.Size([2, 3]),
        "dtype": torch.float16,
        "seen": {3, 4},
        "counts": Counter("aab"),
        "by name": defaultdict(list, a=[torch.tensor([1, 2])]),
        "bytes": b"\x00\xff",
        "none": None,
        "large": 2**70,
        "numpy": np.arange(6, dtype=np.float32).reshape(2, 3).T,
        "version": torch.__version__,
    }
    tensors = {f"state_dict.{k}": v for k, v in net.state_dict().items()}
    for i, state in saved["optimizer"]["state"].items():
        tensors |= {f"optimizer.state.{i}.{k}": v for k, v in state.items()}
    tensors |= {"by name.a.0": torch.tensor([1, 2]), "numpy": torch.from_numpy(np.ascontiguousarray(saved["numpy"]))}
    metadata = {
        "epoch": "12", "best": "0.75", "classes": '["cat","Hund","лиса"]', "class_to_idx": '{"cat":0,"Hund":1}',
        "mean": "[0.485,0.456,0.406]", "large": str(2**70), "counts": '{"a":2,"b":1}', "version": str(torch.__version__),
    }
    return saved, tensors, metadata


def zip64_of(data: bytes) -> bytes:
    """The same entries, every size and place in zip64's extra field, in the directory and in the records at the end."""
    out, directory = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        for info in old.infolist():
            name, content, at = info.filename.encode(), old.read(info), out.tell()
            extra = struct.pack("<HHQQ", 1, 16, len(content), len(content))
            fixed = (45, 0x800, 0, 0, 0x21, info.CRC, 0xFFFFFFFF, 0xFFFFFFFF, len(name))
            out.write(struct.pack("<4s5H3I2H", b"PK\x03\x04", *fixed, len(extra)) + name + extra + content)
            extra = struct.pack("<HHQQQ", 1, 24, len(content), len(content), at)
            directory.write(struct.pack("<4sH5H3I5HII", b"PK\x01\x02", 45, *fixed, len(extra), 0, 0, 0, 0, 0xFFFFFFFF) + name + extra)
        count = len(old.infolist())
    begin, size = out.tell(), directory.tell()
    out.write(directory.getvalue())
    at = out.tell()
    out.write(struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, begin))
    out.write(struct.pack("<4sIQI", b"PK\x06\x07", 0, at, 1))
    out.write(struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0))
    return out.getvalue()


class LegacyPickler(pickle.Pickler):
    """Names tensors and storages by keys, as PyTorch 0.1's persistent_id did."""

    def __init__(self, file: io.BytesIO, keys: dict[int, str]) -> None:
        super().__init__(file, protocol=2)
        self.keys = keys

    def persistent_id(self, obj: object) -> str | None:
        return self.keys.get(id(obj)) if isinstance(obj, torch.Tensor) and not isinstance(obj, torch.nn.Parameter) else None

    def reducer_override(self, obj: object):
        if isinstance(obj, torch.nn.Parameter):  # as Variable.__reduce_ex__ was
            return torch.nn.Parameter, (self.holds[id(obj)],), (obj.requires_grad, False, OrderedDict())
        return NotImplemented


def tar_of(state: dict[str, torch.Tensor], views_of: dict[str, tuple[str, int, int]]) -> bytes:
    """PyTorch 0.1's container. `views_of`: tensors whose storage is a view (of whose, from where, how many)."""
    addresses = {name: 140000000000000 + 64 * i for i, name in enumerate(state)}
    storage_of = lambda name: addresses[name] + 1_000_000
    storages, tensors, pickled = io.BytesIO(), io.BytesIO(), io.BytesIO()
    own = [name for name in state if name not in views_of]
    pickle.dump(len(own), storages, protocol=2)
    for name in own:
        flat = state[name].detach().reshape(-1)
        pickle.dump((storage_of(name), "cpu", getattr(torch, flat.type().split(".")[1].replace("Tensor", "Storage"))), storages, protocol=2)
        storages.write(struct.pack("<q", flat.numel()) + flat.numpy().tobytes())
    pickle.dump([(storage_of(n), storage_of(root), first, count) for n, (root, first, count) in views_of.items()], storages, protocol=2)
    pickle.dump(len(state), tensors, protocol=2)
    keys, holds, hold = {}, {}, []
    for name, tensor in state.items():
        pickle.dump((addresses[name], storage_of(name), torch.FloatTensor), tensors, protocol=2)
        shape, strides = list(tensor.shape), list(tensor.contiguous().stride())
        tensors.write(struct.pack(f"<i4x{2 * len(shape) + 1}q", len(shape), *shape, *strides, 0))
        data = tensor.detach()
        hold.append(data)
        keys[id(data if isinstance(tensor, torch.nn.Parameter) else tensor)] = str(addresses[name])
        holds[id(tensor)] = data
    pickler = LegacyPickler(pickled, keys)
    pickler.holds = holds
    pickler.dump(OrderedDict(state))
    facts = pickle.dumps({"protocol_version": 1000, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}, protocol=2)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:", format=tarfile.PAX_FORMAT) as tar:
        for name, content in [("sys_info", facts), ("pickle", pickled.getvalue()), ("tensors", tensors.getvalue()), ("storages", storages.getvalue())]:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


def python2(data: bytes) -> bytes:
    """A legacy stream with every short text as Python 2's str (SHORT_BINSTRING), as its cPickle wrote keys and locations."""
    out = io.BytesIO()
    at = 0
    end = data.index(b"]q\x00", 100) if b"]q\x00" in data else len(data)
    while at < end:
        length = int.from_bytes(data[at + 1 : at + 5], "little") if data[at] == 0x58 else 256
        text = data[at + 5 : at + 5 + length]
        if data[at] == 0x58 and 0 < length < 40 and len(text) == length and all(0x20 <= b < 0x7F for b in text):
            out.write(b"U" + bytes([length]) + text)
            at += 5 + length
        else:
            out.write(data[at : at + 1])
            at += 1
    return out.getvalue() + data[end:]


def make(outdir: Path) -> None:
    folder = Path(outdir) / "torch"
    folder.mkdir(parents=True, exist_ok=True)

    def expect(name: str, tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None = None) -> None:
        # safetensors takes no views; float4 cannot be cloned, and is none.
        own = {k: v if "float4" in str(v.dtype) else v.detach().clone(memory_format=torch.contiguous_format) for k, v in tensors.items()}
        save_file(own, folder / f"{name}.safetensors", metadata)
        (folder / f"{name}.safetensors").chmod(0o644)

    def write(name: str, obj: object, **options) -> None:
        torch.save(obj, folder / f"{name}.pth", **options)

    typed = {name: tensor for name, tensor in dtypes().items()}
    # What safetensors' own writer has no name for stands as its real and imaginary parts.
    doubles = {"C128": torch.tensor([[1 + 2j, -0.5j]], dtype=torch.complex128)}
    for name, options in [("dtypes", {}), ("dtypes-legacy", {"_use_new_zipfile_serialization": False})]:
        write(name, OrderedDict(typed | doubles), **options)
        expect(name, typed | {"C128": torch.view_as_real(doubles["C128"])})
        write(name.replace("dtypes", "views"), views(), **options)
        expect(name.replace("dtypes", "views"), views())
        write(name.replace("dtypes", "names"), odd_names(), **options)
        expect(name.replace("dtypes", "names"), odd_names())
    for protocol in (3, 4, 5):
        write(f"protocol{protocol}", checkpoint()[0], pickle_protocol=protocol)
    write("protocol4-legacy", views(), pickle_protocol=4, _use_new_zipfile_serialization=False)
    saved, tensors, metadata = checkpoint()
    write("checkpoint", saved)
    write("checkpoint-legacy", saved, _use_new_zipfile_serialization=False)
    expect("checkpoint", tensors, metadata)

    tagged = torch.ones(2)
    tagged.note = "an attribute"
    parameters = {"weight": torch.nn.Parameter(numbers(2, 2)), "frozen": torch.nn.Parameter(numbers(3), requires_grad=False), "tagged": tagged}
    write("parameters", parameters)
    expect("parameters", parameters)
    refused = {
        "sparse": torch.eye(2).to_sparse(),
        "quantized": torch.quantize_per_tensor(torch.ones(2), 0.5, 0, torch.qint8),
        "conjugated": torch.ones(2, dtype=torch.complex64).conj(),
        "meta": torch.empty(2, device="meta"),
        "half complex": torch.ones(2, dtype=torch.complex32),
    }
    for name, tensor in refused.items():
        write(f"refused-{name.replace(' ', '-')}", {"layer": {"weight": tensor}})
    write("refused-module", torch.nn.Linear(2, 2))
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(folder / "refused-script.pth"))

    plain = io.BytesIO()
    torch.save(views(), plain)
    (folder / "zip64.pth").write_bytes(zip64_of(plain.getvalue()))
    # Another root: the archive's name is the file's.
    write("ein Name", {"a": numbers(2)})
    expect("ein Name", {"a": numbers(2)})

    legacy = io.BytesIO()
    torch.save(OrderedDict(views()), legacy, _use_new_zipfile_serialization=False)
    (folder / "python2.pth").write_bytes(python2(legacy.getvalue()))

    whole = numbers(12)
    state = {
        "conv.weight": torch.nn.Parameter(numbers(2, 1, 3)),
        "running_mean": whole,
        "part": whole[4:10].reshape(2, 3),
        "steps": numbers(2, dtype=torch.int64),
    }
    (folder / "tar.pth").write_bytes(tar_of(state, {"part": ("running_mean", 4, 6)}))
    expect("tar", state)

    # torch itself reads what was written by hand.
    for name, wanted in [("zip64", views()), ("python2", views()), ("tar", state)]:
        got = torch.load(folder / f"{name}.pth", weights_only=False)
        assert list(got) == list(wanted), (name, list(got))
        assert all(torch.equal(got[k], wanted[k]) for k in wanted), name


if __name__ == "__main__":
    make(Path(__file__).resolve().parents[2] / "test" / "golden")
