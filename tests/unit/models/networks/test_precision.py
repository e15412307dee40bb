"""Training in bfloat16."""

import pytest
import torch

from cifarbench.models.networks import preprocessing
from cifarbench.models.networks.factory import build_model
from cifarbench.models.networks.preprocessing import ForwardContext, has_bfloat16

CPU = torch.device("cpu")


@pytest.mark.parametrize("params", [{"hidden_dim": 8, "batch_norm": True, "dropout": 0.2}, {"channels": [4]}])
def test_bfloat16_affects_only_products(params):
    torch.manual_seed(0)
    network = build_model(params, (3, 8, 8), 4).eval()
    images = torch.randint(0, 256, (16, 3, 8, 8), dtype=torch.uint8)
    exact, default, rounded = (
        ForwardContext.for_network(network, CPU, precision).logits(network, images)
        for precision in ("float32", None, "bfloat16")
    )
    assert torch.equal(exact, default)
    assert rounded.dtype == torch.float32
    assert not torch.equal(exact, rounded)
    torch.testing.assert_close(rounded, exact, rtol=0, atol=0.03)
    assert all(weight.dtype == torch.float32 for weight in network.parameters())


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({"avx2": True, "avx512_bf16": False}, False),
    ],
)
def test_bfloat16_needs_support_by_the_processor(monkeypatch, capabilities, expected):
    monkeypatch.setattr(preprocessing.torch.cpu, "get_capabilities", lambda: capabilities)
    assert has_bfloat16(CPU) is expected
