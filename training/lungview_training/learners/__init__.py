"""How each kind of network is fed, what it is taught by, and how it is judged; the loop itself knows none of them."""
