"""Pages that the server writes out whole: signing in, one's account, the administrators' desks."""
