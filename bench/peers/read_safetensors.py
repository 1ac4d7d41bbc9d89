"""Reads safetensors files, all of whose tensors are float32; run as a program, writes one as PyTorch's own: read_safetensors.py FROM TO.pth"""
import json
import sys

import numpy as np
import torch


def read_safetensors(path: str) -> dict[str, torch.Tensor]:
    with open(path, "rb") as file:
        data = file.read()
    length = int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        numbers = np.frombuffer(data[begin:end], np.float32).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(numbers.copy())
    return tensors


if __name__ == "__main__":
    torch.save(read_safetensors(sys.argv[1]), sys.argv[2])
