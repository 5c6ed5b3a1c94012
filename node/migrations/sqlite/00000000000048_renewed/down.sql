-- Which of them were open is not known any more, and none of them should be.
SELECT 1;
