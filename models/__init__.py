"""Training, serving, evaluation and registry of the machine-learning models. No module here imports Prefect."""

import logging

# bitsandbytes warns at every start that an optional package with faster kernels is not installed.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
