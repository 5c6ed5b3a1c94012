DROP TABLE node_setting;
