"""Where rays meet the four solids of the 3D-Shapes-style images, and how the surface is turned there."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np

from omnilearn.data.shapes.scene import Array, Rays, dot


class Solid(ABC):
    """A solid that stands on the floor at the origin."""

    @abstractmethod
    def hit(self, rays: Rays) -> Array:
        """The distance t (R,) to where each ray enters the solid; infinity where it misses."""

    @abstractmethod
    def normals(self, points: Array) -> Array:
        """The unit vectors (R, 3) that point out of the surface at `points` (R, 3)."""


class Cube(Solid):
    """A cube whose sides are parallel to the walls."""

    def __init__(self, scale: float) -> None:
        self.half_edge = 0.5917 * scale
        self.centre = np.array([0, 0, self.half_edge])

    def hit(self, rays: Rays) -> Array:
        """The distance t (R,) to the surface."""
        with np.errstate(divide="ignore"):
            sides = self.centre + self.half_edge * np.array([-1, 1])[:, None, None]
            to_sides = (sides - rays.origin) / rays.direction
        enters = np.maximum.reduce(to_sides.min(0).T)
        leaves = np.minimum.reduce(to_sides.max(0).T)
        return np.where((enters <= leaves) & (leaves > 0), enters, np.inf)

    def normals(self, points: Array) -> Array:
        """The unit vectors (R, 3) out of the surface."""
        away = points - self.centre
        side = np.abs(away).argmax(1)
        normals = np.zeros_like(points)
        rows = np.arange(len(points))
        normals[rows, side] = np.sign(away[rows, side])
        return normals


class Cylinder(Solid):
    """An upright cylinder."""

    def __init__(self, scale: float) -> None:
        self.radius, self.height = 0.5459 * scale, 1.1430 * scale

    def hit(self, rays: Rays) -> Array:
        """The distance t (R,) to the surface."""
        side_enters, side_leaves = _through_tube(rays, self.radius)
        with np.errstate(divide="ignore"):
            to_ends = (np.array([[0], [self.height]]) - rays.origin[..., 2]) / rays.direction[:, 2]
        enters = np.maximum(side_enters, to_ends.min(0))
        leaves = np.minimum(side_leaves, to_ends.max(0))
        return np.where((enters <= leaves) & (leaves > 0), enters, np.inf)

    def normals(self, points: Array) -> Array:
        """The unit vectors (R, 3) out of the surface."""
        on_top = points[:, 2] > self.height - 1e-6
        normals = points * [1, 1, 0] / self.radius
        normals[on_top] = [0, 0, 1]
        return normals


class Sphere(Solid):
    """A sphere."""

    def __init__(self, scale: float) -> None:
        self.radius = 0.7184 * scale
        self.centre = np.array([0, 0, self.radius])

    def hit(self, rays: Rays) -> Array:
        """The distance t (R,) to the surface."""
        return _into_ball(rays, self.centre, self.radius)

    def normals(self, points: Array) -> Array:
        """The unit vectors (R, 3) out of the surface."""
        return (points - self.centre) / self.radius


class Capsule(Solid):
    """An upright tube with half a ball at either end."""

    def __init__(self, scale: float) -> None:
        self.radius, self.length = 0.5037 * scale, 1.0255 * scale

    def hit(self, rays: Rays) -> Array:
        """The distance t (R,) to the surface."""
        enters, _ = _through_tube(rays, self.radius)
        with np.errstate(invalid="ignore"):
            height = rays.origin[..., 2] + enters * rays.direction[:, 2]
            on_tube = (height >= self.radius) & (height <= self.radius + self.length) & (enters > 0)
        ends = [_into_ball(rays, np.array([0, 0, self.radius + up]), self.radius) for up in (0, self.length)]
        return np.where(on_tube, enters, np.minimum(*ends))

    def normals(self, points: Array) -> Array:
        """The unit vectors (R, 3) out of the surface."""
        on_axis = np.zeros_like(points)
        on_axis[:, 2] = np.clip(points[:, 2], self.radius, self.radius + self.length)
        return (points - on_axis) / self.radius


# For each name, what makes a solid of a scale.
SOLIDS: dict[str, Callable[[float], Solid]] = {
    "cube": Cube,
    "cylinder": Cylinder,
    "sphere": Sphere,
    "capsule": Capsule,
}


def _through_tube(rays: Rays, radius: float) -> tuple[Array, Array]:
    """Where (R,) rays enter and leave an endless upright tube around the origin; infinity where they miss it."""
    origin, direction = rays.origin[..., :2], rays.direction[:, :2]
    return _roots(dot(direction, direction), dot(origin, direction), dot(origin, origin) - radius**2)


def _into_ball(rays: Rays, centre: Array, radius: float) -> Array:
    offset = rays.origin - centre
    square = dot(rays.direction, rays.direction)
    enters, leaves = _roots(square, dot(offset, rays.direction), dot(offset, offset) - radius**2)
    return np.where(leaves > 0, enters, np.inf)


def _roots(square: Array, half_linear: Array, constant: Array) -> tuple[Array, Array]:
    """The solutions (R,) of square t^2 + 2 half_linear t + constant = 0, the smaller first; infinity where none is.

    A ray parallel to a tube has square = 0; the two fixed directions of the scene never are.
    """
    discriminant = half_linear**2 - square * constant
    root = np.sqrt(np.maximum(discriminant, 0))
    misses = discriminant <= 0
    return (
        np.where(misses, np.inf, (-half_linear - root) / square),
        np.where(misses, np.inf, (-half_linear + root) / square),
    )
