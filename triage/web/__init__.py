"""The page of `triage serve`: what was escalated, why, what is open, and one click to correct it.

Rules: everything that is shown or done is read and done by the functions that the command line and
the answers by mail use; a handler is short; mail text is hostile; nothing is loaded from elsewhere;
every change is a POST that works without JavaScript too.
"""
