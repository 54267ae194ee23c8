# expect: timeout | class: loop | timeout: 0.4
"""Every death bears a child."""


class Phoenix:
    def __del__(self):
        nest.append(Phoenix())


nest = [Phoenix()]
while True:
    nest.pop()
