"""`fig train-factor-net`: its help, and what it runs."""

from omnilearn.config import Node, script


@script("train-factor-net")
def train_factor_net(config: Node) -> object:
    """Train the small network of the Fréchet distance (factor net), on images with known factors.

    fig train-factor-net d/shapes

    About two minutes on two CPU cores. From then on evaluations of models of d/shapes measure that distance; those of
    other data sets do with --factor-distance._type factor-distance.

        CONFIG              a config of d/, with its keys
        --steps N           training steps (500); --batch-size N: images in a step (96)
        --n-samples N       images of the training and of the test set that samples are compared with (10000)
        --seed N            seed of the weights and of all draws (0)
        --out FILE          another file than factor_net.pth.tar beside the data
        --device cpu|cuda   default: the GPU where there is one
    """
    from sae_src.sample_quality.train_factor_net import train_and_keep_factor_net

    return train_and_keep_factor_net(config)
