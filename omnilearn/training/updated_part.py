"""Training one part of a model, the others as they are."""

from typing import Literal

from omnilearn.errors import UserError
from omnilearn.model import Model

Update = Literal["encoder", "decoder", "both"]
"""What is trained: everything but the decoder, the decoder alone, or all."""


def freeze_but(model: Model, update: Update) -> None:
    """Leave the other part of a model as it is: no gradient, and the averages of its batch norms stay too.

    With the encoder goes what there is beside both, such as a discriminator or books of codes: these shape the latents.

    Raises `UserError` where the model has no such parts.
    """
    if update == "both":
        return
    parts = dict(model.named_children())
    for part in ("encoder", "decoder"):
        if part not in parts:
            raise UserError(f"update: {type(model).__name__} has no part '{part}' to tell from the rest")
    if update == "encoder":
        model.freeze("decoder")
    else:
        model.freeze(*(name for name in parts if name != "decoder"))
        for parameter in model.parameters(recurse=False):
            parameter.requires_grad_(False)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise UserError(f"update: the {update} of this model has nothing to train")
