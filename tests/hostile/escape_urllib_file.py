# expect: exception URLError | class: escape | timeout: 10
import urllib.request

urllib.request.urlopen("file:///etc/passwd")
