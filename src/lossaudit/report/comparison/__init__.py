"""A comparison of losses, and a study of several, shown: text, Markdown, JSON, HTML, notebook; one format a file."""
