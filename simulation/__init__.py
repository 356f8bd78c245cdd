"""The proof of ftops' one promise: the real executor, ledger and planner on virtual time, judged by the service's bill.

Run by `make sim`. It is not part of what is installed, and nothing in `ftops` knows that it exists.
"""
