"""The data plane: files, jobs, models and inference, on dated and v1 routes over one store.

In: calls matched to an account. Out: answers in the shape of the surface that asked (contract 1.14).
"""
