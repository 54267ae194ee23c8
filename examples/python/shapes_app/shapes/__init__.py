"""Shapes that know their area."""

import abc
import math

__version__ = "1.0"


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...

    def __str__(self):
        return f"{type(self).__name__} of area {self.area():.3f}"


class Circle(Shape):
    def __init__(self, radius):
        self.radius = radius

    def area(self):
        return math.pi * self.radius**2


class Square(Shape):
    def __init__(self, side):
        self.side = side

    def area(self):
        return self.side**2
