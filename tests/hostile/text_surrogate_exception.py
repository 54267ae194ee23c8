# expect: exception ValueError | class: text
raise ValueError("\udfff \ud800")
