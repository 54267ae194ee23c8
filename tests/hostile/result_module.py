# expect: exception TypeError | class: result | function: main | error: module
import sys


def main():
    return [sys, sys.modules]
