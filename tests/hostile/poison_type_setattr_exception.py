# expect: exception TypeError | class: poison
ValueError.__str__ = lambda self: "forged"
