# expect: ok | class: exit | function: main
import os


def main():
    os._exit(0)
