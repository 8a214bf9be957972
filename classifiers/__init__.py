"""Text in, verdicts out. Knows nothing of mail servers, people or templates.

Other packages import `classifiers.api` for the values and the `Classifier` protocol; that module
loads no scikit-learn, so a program that only names the types starts quickly.
"""

from classifiers.deferred import defer

defer()
