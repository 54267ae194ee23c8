# expect: exception AttributeError | class: escape
import pickle

pickle.loads(b"cos\nsystem\n(S'id'\ntR.")
