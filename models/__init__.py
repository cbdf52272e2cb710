"""What is learnt: classifier, generator, engine, retrieval, gate and registry. Nothing here knows Prefect."""
