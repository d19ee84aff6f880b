"""The scripts of the command line, one line each, in the order in which `fig -h` lists them.

A script imports what it needs when it runs: `fig -h` imports all of these modules, and answers without torch.
"""

# ruff: noqa: F401, I001
import sae_src.commands.scripts.train
import sae_src.commands.scripts.download_dataset
import sae_src.commands.scripts.compute_fid
import sae_src.commands.scripts.train_factor_net
import sae_src.commands.scripts.eval
import sae_src.commands.scripts.eval_metrics
import sae_src.commands.scripts.eval_multiple_metrics
import sae_src.commands.scripts.visualize
import sae_src.commands.scripts.sweep
import sae_src.commands.scripts.runs
import sae_src.commands.scripts.show
import sae_src.commands.scripts.compare
import sae_src.commands.scripts.report
