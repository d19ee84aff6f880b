"""Time against size: a scale at which the sizes are told apart."""

import pytest

from benchmarks.growth import SUBJECTS, main, power, scaled


def test_the_power_of_a_square():
    assert power([1, 2, 4], [0.5, 1, 4]) == pytest.approx(2)


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        ("0.01", "the two largest sizes are the same"),
        *((scale, "must be a number above 0") for scale in ("0", "-1", "nan")),
    ],
)
def test_a_scale_that_tells_nothing_is_refused(scale, message, capsys):
    with pytest.raises(SystemExit) as refused:
        main(["--only", "latents", f"--scale={scale}"])
    assert refused.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_sizes_are_scaled():
    (subject,) = SUBJECTS["images"]
    assert scaled(subject, 0.5) == [64, 128, 256, 512] and scaled(subject, 0.01) == [4, 4, 5, 10]
