"""The digest: what a person should know of the last day or week, in one mail.

`gather` reads the store and nothing else, `words` turns that into sentences and charts, `letter`
into a mail, and `digester` sends each one once, at its time.
"""
