DROP INDEX pairwise_in_use;
