# expect: timeout | class: loop | timeout: 0.4
"""Every key in one bucket: quadratic."""


class Same:
    def __hash__(self):
        return 7

    def __eq__(self, other):
        return self is other


crowd = {Same() for _ in range(10**6)}
