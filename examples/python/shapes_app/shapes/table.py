"""Shapes as text."""


def table(shapes):
    return "\n".join(f"{number}. {shape}" for number, shape in enumerate(sorted(shapes, key=lambda s: s.area()), 1))
