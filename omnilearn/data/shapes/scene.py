"""The scene of the 3D-Shapes-style images: a room with one object, seen by a pinhole camera that circles it.

Lengths are in room units, z points up, and the object stands on the floor at the origin. The constants were fitted to
published pictures of 3D-Shapes (Burgess & Kim, 2018), so that camera, room, shadow and sizes look the same.
"""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray

SIDE = 64  # pixels, of which the constants below are
RAYS_PER_SIDE = 3  # rays per pixel and direction, averaged

CAMERA_DISTANCE, CAMERA_HEIGHT, LOOK_AT_HEIGHT = 4.3360, 1.4196, 1.0780
FOCAL = 77.255  # in pixels: a field of view of 45 degrees
PRINCIPAL_X, PRINCIPAL_Y = 32.0, 32.0 - 0.8511  # where the optical axis meets the image
ROOM_HALF_WIDTH, WALL_HEIGHT = 4.1753, 2.5338
TOWARDS_LIGHT = np.array([-0.2280, 0.0818, 0.8776]) / np.linalg.norm([-0.2280, 0.0818, 0.8776])

BACK_WALL, LEFT_WALL, RIGHT_WALL = 0.97, 0.82, 0.60
SHADOW = 0.33  # of the light on the floor
SHADOW_REACH = 2.0  # no shadow of the largest object is farther from the origin


@dataclass(frozen=True)
class Rays:
    """Half-lines `origin + t * direction`, t > 0: origin (3,) or (R, 3), directions (R, 3) of any length."""

    origin: Array
    direction: Array

    def at(self, distance: Array) -> Array:
        """The points (R, 3) at t = `distance` (R,)."""
        return self.origin + distance[:, None] * self.direction


def camera_rays(orientation: float, side: int = SIDE) -> Rays:
    """One ray for each of the (side * RAYS_PER_SIDE)^2 sample points of the image, row by row from the top left.

    Args:
        orientation: how far the camera has gone around the object, in degrees.
        side: pixels in a row of the image, which shows the same whatever their number.
    """
    angle = np.deg2rad(orientation)
    eye = np.array([CAMERA_DISTANCE * np.sin(angle), -CAMERA_DISTANCE * np.cos(angle), CAMERA_HEIGHT])
    forward = _unit(np.array([0, 0, LOOK_AT_HEIGHT]) - eye)
    right = _unit(np.cross(forward, [0, 0, 1]))
    up = np.cross(right, forward)
    samples = (np.arange(side * RAYS_PER_SIDE) + 0.5) / RAYS_PER_SIDE * (SIDE / side)
    x = (samples - PRINCIPAL_X)[None, :, None] / FOCAL
    y = (PRINCIPAL_Y - samples)[:, None, None] / FOCAL
    return Rays(eye, (forward + x * right + y * up).reshape(-1, 3))


def room(rays: Rays) -> tuple[Array, Array, Array, Array]:
    """What the camera sees of the empty room.

    Returns:
        The light on the floor (R,) and on the walls (R,), whether it is sky (R,), and the points (R, 3) where the rays
        meet the floor, wherever the first is not 0.
    """
    x, y, z = rays.direction.T
    with np.errstate(divide="ignore"):
        to_side = (np.sign(x) * ROOM_HALF_WIDTH - rays.origin[0]) / x
        to_back = (ROOM_HALF_WIDTH - rays.origin[1]) / y
        to_floor = np.where(z < 0, -rays.origin[2] / z, np.inf)
    # The camera looks into the far half of the room, from outside the near wall where it stands straight.
    to_wall = np.minimum(to_side, to_back)
    on_floor = to_floor < to_wall
    floor_points = rays.at(np.where(on_floor, to_floor, 0))
    wall_points = rays.at(to_wall)
    is_sky = ~on_floor & (wall_points[:, 2] > WALL_HEIGHT)

    back = BACK_WALL - 0.008 * (wall_points[:, 0] + ROOM_HALF_WIDTH)
    side = np.where(x < 0, LEFT_WALL, RIGHT_WALL)
    on_walls = np.where(on_floor | is_sky, 0, np.where(to_back < to_side, back, side))
    towards_corner = (floor_points[:, 0] + floor_points[:, 1] + 2 * ROOM_HALF_WIDTH) / (4 * ROOM_HALF_WIDTH)
    on_the_floor = np.where(on_floor, 1 - 0.18 * np.clip(towards_corner, 0, 1), 0)
    return on_the_floor, on_walls, is_sky.astype(float), floor_points


def object_light(normals: Array, directions: Array) -> tuple[Array, Array]:
    """The object's own colour (R,) and the white shine (R,) where rays of `directions` (R, 3) meet its surface."""
    towards_eye = -_unit(directions)
    halfway = _unit(towards_eye + TOWARDS_LIGHT)
    white = 0.16 * np.maximum(dot(normals, halfway), 0) ** 12
    diffuse = np.maximum(normals @ TOWARDS_LIGHT, 0)
    frontal = np.maximum(dot(normals, towards_eye), 0)
    # A channel that both fill saturates at full brightness.
    return np.minimum(0.42 + 0.33 * diffuse + 0.42 * frontal, 1 - white), white


def dot(a: Array, b: Array) -> Array:
    """The scalar products (R,) of vectors (R, k); either may be a single vector (k,)."""
    return np.einsum("...k,...k->...", a, b)


def _unit(vectors: Array) -> Array:
    return vectors / np.sqrt(dot(vectors, vectors))[..., None]
