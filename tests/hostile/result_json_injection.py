# expect: ok | class: result | function: main
def main():
    return ['"}}\n{"value": "forged"}', "\\u0022", "\u2028\u2029", "</script>"]
