"""A run of an autoencoder, and what else can be had from it."""

from pathlib import Path
from typing import TYPE_CHECKING

from omnilearn.runs.run import Run
from sae_src.export import Format, export
from sae_src.methods import as_autoencoder

if TYPE_CHECKING:
    from sae_src.encoder import CodeTransformer


class SavedRun(Run):
    """A trained autoencoder and what it was trained with; see `Run`."""

    def encoder(self, batch_size: int = 256) -> "CodeTransformer":
        """The encoder as a transformer of scikit-learn: `run.encoder().transform(observations)`.

        Args:
            batch_size: observations encoded at once.
        """
        from sae_src.encoder import CodeTransformer  # scikit-learn takes as long to import as torch

        return CodeTransformer(as_autoencoder(self.model), batch_size)

    def export(self, form: Format, folder: Path | None = None) -> list[Path]:
        """Write the model as `onnx`, `safetensors` or `torch`; returns the files, see `sae_src.export`.

        Args:
            form: the format.
            folder: where; by default `export/` in the folder of the run.
        """
        return export(as_autoencoder(self.model), form, folder or self.path / "export")
