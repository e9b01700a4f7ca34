"""Reference versions of published networks outside the ResNet family."""

from tests.models.references import densenet, mobilenet_v2, vgg

REFERENCES = (*vgg.REFERENCES, *mobilenet_v2.REFERENCES, *densenet.REFERENCES)
VARIANTS = (*vgg.VARIANTS, *mobilenet_v2.VARIANTS, *densenet.VARIANTS)
"""Networks with the names and shapes of another one, but another forward pass."""
