"""How candidates are judged: metrics, intervals, checks of replies, the gate, studies and the audit of labels."""
