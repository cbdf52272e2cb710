"""From a new ticket to a draft: the prompt, the proposal, the queue of work, and the writing back."""
