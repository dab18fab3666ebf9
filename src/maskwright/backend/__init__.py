"""One meaning, several engines: the operations that the array API lacks, hashing, compiled kernels."""
