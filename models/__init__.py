"""What is learnt: classifier, generator, engine, retrieval, gate and registry. Nothing here knows Prefect."""

import logging

# It says at every start that an optional package with faster kernels is not there.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
