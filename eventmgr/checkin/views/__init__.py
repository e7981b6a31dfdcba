"""HTTP of the check-in room: the API of the phones, and the pages."""
