"""`fig visualize`: its help, and what it runs."""

from omnilearn.config import Node, script


@script("visualize")
def visualize(config: Node) -> object:
    """Draw figures of a trained run for papers, into its folder: figures/NAME.png, .pdf and, of traversals, .gif.

    fig visualize --load NAME
    fig visualize --load NAME --figures traversals,response-map --format pdf --width single

    Which run
        --load NAME|PATH        the run: a name under the save folder, or a folder anywhere (also --path, --resume)
        --ckpt-num N            the checkpoint of step N (default: the newest)
        --override.KEY V        replace a value of the run's config
        --saveroot FOLDER       folder of all runs (OMNILEARN_SAVE_DIR, else ./trained_nets)
        --device cpu|cuda       default: the GPU where there is one
    Which figures
        --figures LIST          of reconstructions, hybrids, group-hybrids, prior, interpolations, traversals, codes,
                                response-map (all that can be drawn of the run)
        --format LIST           of png, pdf, gif (all)
        --overwrite yes         replace those that are there already
    What is in them
        --observations N        observations to reconstruct; half as many pairs are interpolated between, at most 4 (8)
        --samples N             hybrids, group hybrids and samples of the prior (16)
        --steps N               values of each latent in traversals, and codes between two observations (10)
        --codes N               codes in two dimensions (2000)
        --latents '[I, J]'      the latents of the response map (the two that respond most)
        --points N              points of the response map along each latent (33)
        --extent X              the response map goes from -X to X (as far as codes do)
        --seed N                of observations and samples (0)
    How they look
        --width single|double   of one column, 3.25 in, or of two, 6.75 in (double)
        --titles yes            a title above each
    """
    from sae_src.visualisation.command import visualize as run_script

    return run_script(config)
