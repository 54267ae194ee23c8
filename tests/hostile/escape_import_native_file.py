# expect: exception AttributeError | class: escape
import importlib.machinery
import importlib.util

spec = importlib.util.spec_from_file_location("evil", "/lib/evil.so")
importlib.util.module_from_spec(spec)
