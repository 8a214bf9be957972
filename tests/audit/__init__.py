"""The dependency audit, `make audit`: pins, declarations, licences, and what the registry says.

Rules: what lies in the repository and in the environment must be in order, or the audit fails; what
only the registry knows (exchanged files, yanked releases, known flaws) fails it too where the
registry says so. A registry that does not answer is told as such and fails nothing, since no change
here could mend that; `--strict`, for a release, does not let it pass.
"""
