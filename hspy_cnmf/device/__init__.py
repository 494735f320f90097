"""Graphics processors: arrays there, kernels for what loops, and whether there is one.

Iterations take arrays on the host (NumPy) or on a GPU (CuPy, optional) and are written
once. Most of NumPy's functions are CuPy's, too; what loops over components or rings has
a kernel here.
"""
