"""What rollouts leave, as data: records, groups and training metrics."""
