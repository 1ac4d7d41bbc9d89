"""A PyTorch checkpoint as a safetensors file, as its users do it: python convert_pth.py IN OUT."""
import sys

import torch
from safetensors.torch import save_file

save_file(torch.load(sys.argv[1], map_location="cpu", weights_only=True), sys.argv[2])
