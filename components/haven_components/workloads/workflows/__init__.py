"""Parts of the workflow orchestrator."""
