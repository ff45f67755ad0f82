"""What people ask before and after an audit: explanations and advice."""
