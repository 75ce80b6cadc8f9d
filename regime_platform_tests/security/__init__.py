"""What outside bytes, other users and changed packages may not do."""
