# expect: exception TypeError | class: output
import codecs
import io


class Liar(codecs.IncrementalDecoder):
    def decode(self, data, final=False):
        return 42


text = io.TextIOWrapper(io.BytesIO(b"xyz"))
codecs.register(lambda name: codecs.CodecInfo(lambda *a: (b"", 0), lambda *a: ("", 0), incrementaldecoder=Liar, name="liar") if name == "liar" else None)
io.TextIOWrapper(io.BytesIO(b"xyz"), encoding="liar").read()
