"""The mapper decides what each side of a link should hold. It talks to no vendor."""
