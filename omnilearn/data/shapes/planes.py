"""The geometry of the 3D-Shapes-style images: how much of each colour every pixel of every view takes."""

import hashlib
from math import prod
from pathlib import Path

import numpy as np

from omnilearn.data.shapes.grid import GRID, ORIENTATIONS, SCALES, SHAPES
from omnilearn.data.shapes.scene import (
    RAYS_PER_SIDE,
    SHADOW,
    SHADOW_REACH,
    SIDE,
    TOWARDS_LIGHT,
    Array,
    Rays,
    camera_rays,
    dot,
    object_light,
    room,
)
from omnilearn.data.shapes.solids import SOLIDS, Solid
from omnilearn.errors import UserError
from omnilearn.files import read_bytes, write_bytes
from omnilearn.locks import exclusive
from omnilearn.progress import with_progress

# The planes of a view, and the views: one for each scale, shape and orientation, the last fastest.
PLANES = ("floor", "wall", "object", "sky", "white")
VIEWS = prod(GRID.sizes[3:])
# Part of the file's name: raise it with every change to the pictures, or old files would be taken for new ones.
VERSION = 1
_CHECKSUM_BYTES = 32
FILE_NAME = f"shapes/planes-v{VERSION}.bin"


def file_name(side: int) -> str:
    """The name of the file of the planes of images of a size, below the data folder."""
    return FILE_NAME if side == SIDE else f"shapes/planes-v{VERSION}-{side}.bin"


def load_planes(*roots: Path, side: int = SIDE) -> Array:
    """The planes (VIEWS, 5, side, side), from the first data folder whose file of them is whole, else anew.

    New ones are written below the last folder, over a damaged file; a whole one is never touched. Raises `UserError`
    where the file cannot be written.
    """
    for root in roots:
        planes = _read(root / file_name(side), side)
        if planes is not None:
            return planes
    path = roots[-1] / file_name(side)
    with exclusive(path):
        planes = _read(path, side)
        if planes is None:
            planes = draw_planes(side)
            write_bytes(path, _checksum(planes) + planes.tobytes())
    return planes


def draw_planes(side: int = SIDE) -> Array:
    """The planes (VIEWS, 5, side, side) of every view as uint8: weights whose sum over the planes is at most 255."""
    solids = [SOLIDS[shape](scale) for scale in SCALES for shape in SHAPES]
    planes = np.empty((len(solids), len(ORIENTATIONS), len(PLANES), side, side), np.uint8)
    for k, orientation in enumerate(with_progress(ORIENTATIONS, "drawing the 3D-Shapes-style views", "views")):
        rays = camera_rays(orientation, side)
        empty_room = room(rays)
        for i, solid in enumerate(solids):
            planes[i, k] = planes_of(solid, rays, empty_room, side)
    return planes.reshape(VIEWS, len(PLANES), side, side)


def planes_of(solid: Solid, rays: Rays, empty_room: tuple[Array, Array, Array, Array], side: int) -> Array:
    """The planes (5, side, side) of one view: of a solid in a room, which the rays of that many pixels see."""
    floor, wall, sky, floor_points = empty_room
    distance = solid.hit(rays)
    hit = np.flatnonzero(np.isfinite(distance))
    weights = np.stack([floor, wall, np.zeros_like(floor), sky, np.zeros_like(floor)])

    on_floor = np.flatnonzero(floor * (dot(floor_points, floor_points) < SHADOW_REACH**2))
    to_light = np.broadcast_to(TOWARDS_LIGHT, (len(on_floor), 3))
    in_shadow = on_floor[np.isfinite(solid.hit(Rays(floor_points[on_floor], to_light)))]
    weights[0, in_shadow] *= SHADOW

    weights[:, hit] = 0
    directions = rays.direction[hit]
    normals = solid.normals(Rays(rays.origin, directions).at(distance[hit]))
    weights[2, hit], weights[4, hit] = object_light(normals, directions)
    samples = weights.reshape(len(PLANES), side, RAYS_PER_SIDE, side, RAYS_PER_SIDE)
    return _as_bytes(np.einsum("pyixj->pyx", samples) / RAYS_PER_SIDE**2)


def _as_bytes(weights: Array) -> Array:
    planes = np.rint(255 * weights).astype(np.int32)
    # Rounding can lift the sum over 255, where a colour would overflow: the largest plane gives way.
    excess = np.maximum(planes.sum(0) - 255, 0)
    largest = planes.argmax(0)[None]
    np.put_along_axis(planes, largest, np.take_along_axis(planes, largest, 0) - excess, 0)
    return planes.astype(np.uint8)


def _read(path: Path, side: int) -> Array | None:
    shape = (VIEWS, len(PLANES), side, side)
    try:
        if path.stat().st_size != _CHECKSUM_BYTES + prod(shape):
            return None
        content = read_bytes(path, follow_links=True)
    except (OSError, UserError):  # what is no file is replaced, like a damaged one
        return None
    checksum, data = content[:_CHECKSUM_BYTES], np.frombuffer(content, np.uint8, offset=_CHECKSUM_BYTES)
    return data.reshape(shape) if _checksum(data) == checksum else None


def _checksum(planes: Array) -> bytes:
    return hashlib.sha256(planes.data).digest()
