"""Which loss fits a task and its targets: a short list with reasons, code, and what is refused.

`words` and `question` take the user's words; `tables` and `column` read the targets; `case` joins both. `candidates` is
the table of what can be recommended, `considerations` the table of what evidence does to it, `facts` what the shipped
cards say, `answers` how to answer for a metric that counts otherwise, `snippets` the code. `decide` ranks.
"""
