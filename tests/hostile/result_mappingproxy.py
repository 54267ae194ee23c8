# expect: exception TypeError | class: result | function: main
import types


def main():
    return types.MappingProxyType({})
