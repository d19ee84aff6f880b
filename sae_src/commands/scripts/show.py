"""`fig show`: its help, and what it runs."""

from omnilearn.config import Node, script


@script("show")
def show(config: Node) -> object:
    """Show one run: what differs from the configs' defaults, its state, scores, curves and files.

    fig show --load latest

        --load NAME|PATH    the run: a name under the save folder, the beginning of one, latest, or a folder anywhere
                            (also --path, --resume)
        --saveroot FOLDER   folder of all runs (OMNILEARN_SAVE_DIR, else ./trained_nets)
    """
    from sae_src.comparison.show import show as run_script

    return run_script(config)
