# expect: ok | class: recursion | timeout: 5
class Hydra:
    def __del__(self):
        Hydra()


Hydra()
