"""What happens to a batch of facts: points, interests, memberships. Called by reactions, loops and actions."""
