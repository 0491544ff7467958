DROP INDEX publications_in_time;
