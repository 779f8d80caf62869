"""Full text over entries, tool calls and tool results: the words of every byte form that is on record."""
