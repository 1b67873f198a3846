"""Cases from a file of the case platform into the database."""
